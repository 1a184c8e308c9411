/// A server on loopback, as good or as bad as its test says: of HTTP, or of anything.
import CLinux
import Glibc
import LinuxIO

/// Accepts connections on a port of its own choice, or on a socket in the file system, and treats each by one function.
final class HTTPServer: Sendable {
    /// What arrived.
    struct Request: Sendable {
        var method = ""
        var path = ""
        /// Lines without their ends, the first one included.
        var head: [String] = []
        var body: [UInt8] = []

        func header(_ name: String) -> String? {
            head.dropFirst().first { $0.lowercased().hasPrefix(name.lowercased() + ":") }
                .map { String($0.drop { $0 != ":" }.dropFirst().drop { $0 == " " }) }
        }
    }

    /// The far end of a connection.
    struct Client: Sendable {
        let descriptor: Int32
        /// Counts the server's connections, from 1.
        let number: Int

        func send(_ text: String) { send(Array(text.utf8)) }

        /// False once the client has gone.
        @discardableResult
        func send(_ bytes: [UInt8]) -> Bool {
            bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) } > 0
        }

        func answer(_ body: String, status: String = "200 OK", headers: String = "") {
            send("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
        }

        /// Says no more until the client has gone.
        func hang() { while read() != nil {} }

        /// Ends the connection.
        func shutDown() { shutdown(descriptor, Int32(SHUT_RDWR)) }

        func read() -> [UInt8]? {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
            return count > 0 ? Array(buffer.prefix(count)) : nil
        }
    }

    typealias Handler = @Sendable (Request, Client) -> Void

    let port: Int
    private let listener: Int32
    private let accepted = Lock(0)
    private let open = Lock(0)

    /// Calls the function for each request. `path`: of a Unix socket to listen on instead.
    convenience init(path: String? = nil, _ handler: @escaping Handler) {
        self.init(path: path, raw: { client in Self.serve(client, handler) })
    }

    /// Calls the function for each connection, and closes it when that returns.
    init(path: String? = nil, raw handler: @escaping @Sendable (Client) -> Void) {
        let domain = path == nil ? AF_INET : AF_UNIX
        listener = socket(domain, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        if let path {
            Self.bind(listener, path)
            port = 0
        } else {
            port = Self.bindLoopback(listener)
        }
        listen(listener, 64)
        let thread = try? Thread.start(name: "http") { [listener, accepted, open] in
            while true {
                let client = accept4(listener, .init(__sockaddr__: nil), nil, Int32(SOCK_CLOEXEC.rawValue))
                guard client >= 0 else { break }
                let number = accepted.withLock { count in
                    count += 1
                    return count
                }
                open.withLock { $0 += 1 }
                let served = try? Thread.start(name: "http-client", stackSize: 256 << 10) {
                    handler(Client(descriptor: client, number: number))
                    close(client)
                    open.withLock { $0 -= 1 }
                }
                served?.detach()
            }
            close(listener)
        }
        thread?.detach()
    }

    /// Wakes the thread out of accept, which then ends.
    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    var acceptCount: Int { accepted.withLock { $0 } }
    /// How many connections have not ended.
    var openCount: Int { open.withLock { $0 } }

    fileprivate static func bindLoopback(_ listener: Int32) -> Int {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                _ = Glibc.bind(listener, .init(__sockaddr__: generic), length)
                _ = getsockname(listener, .init(__sockaddr__: generic), &length)
            }
            return Int(UInt16(bigEndian: pointer.pointee.sin_port))
        }
    }

    private static func bind(_ listener: Int32, _ path: String) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                _ = Glibc.bind(
                    listener, .init(__sockaddr__: generic), socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    /// Requests one after the other, as long as the client sends any.
    private static func serve(_ client: Client, _ handler: Handler) {
        var buffer: [UInt8] = []
        while let request = next(client, &buffer) { handler(request, client) }
    }

    private static func next(_ client: Client, _ buffer: inout [UInt8]) -> Request? {
        let end = Array("\r\n\r\n".utf8)
        while true {
            if let found = buffer.indices.first(where: { buffer[$0...].starts(with: end) }) {
                var request = Request()
                request.head = String(decoding: buffer[..<found], as: UTF8.self).split(separator: "\r\n").map(
                    String.init)
                buffer.removeFirst(found + 4)
                let words = (request.head.first ?? "").split(separator: " ")
                guard words.count == 3 else { return nil }
                (request.method, request.path) = (String(words[0]), String(words[1]))
                let length = request.header("content-length").flatMap { Int($0) } ?? 0
                while buffer.count < length {
                    guard let more = client.read() else { return nil }
                    buffer += more
                }
                request.body = Array(buffer.prefix(length))
                buffer.removeFirst(length)
                return request
            }
            guard let more = client.read() else { return nil }
            buffer += more
        }
    }
}

/// A UDP port that takes everything and says nothing: a name server behind a firewall.
final class SilentUDP {
    let port: Int
    private let descriptor: Int32

    init() {
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        port = HTTPServer.bindLoopback(descriptor)
    }

    deinit { close(descriptor) }
}
