/// Where the exporter listens: `HOST:PORT`, with an IPv6 address in brackets.
import LinuxIO
import Wire

/// Why an address cannot be understood; the sentence says what to write.
package struct ListenAddressError: Error, Hashable, CustomStringConvertible {
    package var description: String
}

extension SocketAddress {
    /// Reads "127.0.0.1:9650", "[::1]:9650", "localhost:9650" or ":9650", which is every address of the host.
    ///
    /// Throws: `ListenAddressError`. Names other than localhost are not looked up: what is listened on must not
    /// depend on a name server.
    package init(listening text: String) throws(ListenAddressError) {
        let form = "write ADDRESS:PORT, such as 127.0.0.1:9650, [::1]:9650 or :9650 for every address of this host"
        guard let colon = text.lastIndex(of: ":") else {
            throw ListenAddressError(description: "\"\(text)\" has no port; \(form)")
        }
        let digits = text[text.index(after: colon)...]
        guard let port = UInt16(digits), digits.allSatisfy(\.isNumber) else {
            throw ListenAddressError(description: "\"\(digits)\" is no port (1 to 65535, or 0 for a free one); \(form)")
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard let address = IPv6Address(host) else {
                throw ListenAddressError(description: "\"\(host)\" is no IPv6 address; \(form)")
            }
            self.init(.v6(address), port: port)
            return
        }
        if host.contains(":") {
            throw ListenAddressError(description: "the IPv6 address in \"\(text)\" needs brackets; \(form)")
        }
        switch host {
        case "": self.init(.v6(IPv6Address(high: 0, low: 0)), port: port)
        case "localhost": self.init(.v4(IPv4Address(rawValue: 0x7F00_0001)), port: port)
        default:
            guard let address = IPv4Address(host) else {
                throw ListenAddressError(description: "\"\(host)\" is no IP address; \(form)")
            }
            self.init(.v4(address), port: port)
        }
    }
}
