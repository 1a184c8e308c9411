/// An HTTP request as a value: everything that a script asked for, checked.
import CCurl
import Wire

/// One request. Nothing in it refers to a script.
struct HTTPRequest {
    /// As messages name it: "http.get".
    var name: String
    var method: String
    var url: HTTPAddress
    /// In the order in which they are sent, values without line ends.
    var headers: [(name: String, value: String)] = []
    var body: [UInt8]?
    /// Of the whole: name lookup, redirects and body included.
    var timeout = defaultTimeout
    /// How many redirects are followed.
    var follow = 0
    var verify = true
    /// Certificates in PEM.
    var authorities: [UInt8]?
    var certificate: [UInt8]?
    var key: [UInt8]?
    var user: String?
    var password: String?
    var interface: String?
    var source: IPAddress?
    var proxy: HTTPAddress?
    /// The path of a socket to connect to instead.
    var unixSocket: String?
    var longestBody = defaultLongestBody
    /// Addresses to use instead of looking the host up.
    var addresses: [IPAddress]?
    /// The one server to ask for the host's name, as c-ares writes it; nil asks those of the system.
    var nameServer: String?
    /// Whether a connection may be kept and used again.
    var reuse = false

    static let defaultTimeout = Duration.seconds(30)
    static let defaultLongestBody = 1 << 20
    static let highestLongestBody = 16 << 20
    static let mostRedirects = 20

    /// What messages say of the request. The path and the query may be secrets, as those of a webhook are.
    var description: String { "\(name) \(url.origin)" }
}

/// A URL in its parts, split by libcurl, so that nobody understands it differently.
struct HTTPAddress: Hashable {
    var text: String
    var scheme: String
    /// Without the brackets of IPv6.
    var host: String
    var port: Int

    var isSecure: Bool { scheme == "https" }

    /// "https://[::1]:8443"
    var origin: String {
        let host = self.host.contains(":") ? "[\(self.host)]" : self.host
        let isUsual = port == (isSecure ? 443 : 80)
        return isUsual ? "\(scheme)://\(host)" : "\(scheme)://\(host):\(port)"
    }

    /// What reads it. `need`: what it is for, as a sentence begins. Throws: kind "denied" when the library is missing.
    static func library(for need: String = "HTTP") throws(OperatingError) -> UnsafePointer<halua_curl> {
        try DynamicLibrary.table(need, "libcurl.so.4", package: "libcurl4", halua_curl)
    }

    /// nil when it is no URL of http or https.
    init?(_ text: String, library: UnsafePointer<halua_curl>) {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), let url = library.pointee.curl_url()
        else { return nil }
        defer { library.pointee.curl_url_cleanup(url) }
        // The scheme must be there: a guess may be wrong.
        guard library.pointee.curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK else { return nil }
        func part(_ what: CURLUPart, _ flags: Int32 = 0) -> String? {
            var found: UnsafeMutablePointer<CChar>?
            guard library.pointee.curl_url_get(url, what, &found, UInt32(flags)) == CURLUE_OK, let found else {
                return nil
            }
            defer { library.pointee.curl_free(found) }
            return String(cString: found)
        }
        guard let scheme = part(CURLUPART_SCHEME), scheme == "http" || scheme == "https",
            let host = part(CURLUPART_HOST), !host.isEmpty,
            let port = part(CURLUPART_PORT, CURLU_DEFAULT_PORT).flatMap({ Int($0) })
        else { return nil }
        self.text = text
        self.scheme = scheme
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        self.port = port
    }
}

/// The answer to a request.
struct HTTPResponse {
    var status: Int
    /// Names in lower case; repeated ones joined.
    var headers: [(name: String, value: [UInt8])]
    var body: [UInt8]
    /// Of the last request, when redirects were followed.
    var url: String
    var time: Duration

    /// Reads the lines of a head.
    static func headers(_ lines: [[UInt8]]) -> [(name: String, value: [UInt8])] {
        var result: [(name: String, value: [UInt8])] = []
        for line in lines {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0 else { continue }
            let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
            let value = trimmed(line[(colon + 1)...])
            if let known = result.firstIndex(where: { $0.name == name }) {
                // RFC 9110 section 5.3: a list, except for cookies, which have commas of their own.
                result[known].value += (name == "set-cookie" ? "\n" : ", ").utf8 + value
            } else {
                result.append((name, value))
            }
        }
        return result
    }

    private static func trimmed(_ value: ArraySlice<UInt8>) -> [UInt8] {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
        return Array(value.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }
}
