/// One transfer by libcurl: an easy handle with what it needs, whatever the protocol.
import CCurl
import Glibc

/// What a transfer came to.
struct TransferResult {
    var code: CURLcode
    /// libcurl's own sentence; empty when it has none.
    var sentence: String
    /// errno of the system call that failed; 0 when none did.
    var systemError: Int32
    /// The certificate was not accepted, for this reason (X509_V_ERR_…); 0 otherwise.
    var verifyResult: Int
    /// The body had more octets than the caller takes, or the head too many.
    var isTooLong: Bool
    /// Of the last answer: "200"; 0 when there was none.
    var status: Int
    /// Where a redirect points to, absolute.
    var redirect: String?
    /// The lines of the last answer's head.
    var head: [[UInt8]]
    var body: [UInt8]
}

/// Why a connection cannot be used any more.
struct TransferFailure: Error {
    var code: CURLcode
    /// errno; 0 when the kernel is not the reason.
    var systemError: Int32
}

/// How far a transfer has come, for the message when its time is over.
enum TransferStage {
    /// With the TLS handshake, when one belongs to it.
    case connecting, waiting
    case receiving(Int)
}

/// Owns the easy handle and everything that libcurl only borrows.
final class Transfer {
    /// No server fills the memory with headers.
    private static let longestHead = 128 * 1024

    let easy: UnsafeMutableRawPointer
    let library: UnsafePointer<halua_curl>
    private let socket: UnsafeMutablePointer<halua_curl_socket>
    private let errorText: UnsafeMutablePointer<CChar>
    private var lists: [UnsafeMutablePointer<curl_slist>] = []
    private let longestBody: Int
    private var body: [UInt8] = []
    private var head: [[UInt8]] = []
    private var headLength = 0
    private var isTooLong = false
    private var result: TransferResult?
    private var completion: ((TransferResult) -> Void)?
    private let isSecure: Bool
    /// Whether a connection is all that is wanted of libcurl: then it stays until the transfer is removed, for `send` and
    /// `receive`. Set before the transfer begins.
    var onlyConnects = false {
        didSet { set(CURLOPT_CONNECT_ONLY, onlyConnects ? 1 : 0) }
    }

    /// Throws: kind "denied" without memory.
    ///
    /// `interface`: the one to send through; empty for any. `isSecure`: whether a TLS handshake belongs to it.
    init(
        library: UnsafePointer<halua_curl>, longestBody: Int, interface: String = "", isSecure: Bool = false,
        completion: @escaping (TransferResult) -> Void
    ) throws(OperatingError) {
        guard let easy = library.pointee.curl_easy_init() else {
            throw OperatingError(.denied, "not enough memory for a transfer")
        }
        self.easy = easy
        self.library = library
        self.longestBody = longestBody
        self.completion = completion
        self.isSecure = isSecure
        socket = .allocate(capacity: 1)
        socket.initialize(to: halua_curl_socket())
        withUnsafeMutableBytes(of: &socket.pointee.interface) { space in
            space.copyBytes(from: interface.utf8.prefix(space.count - 1))
        }
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        halua_curl_set_error_text(library, easy, errorText)
        halua_curl_set_socket(library, easy, socket)
        let context = Unmanaged.passUnretained(self).toOpaque()
        halua_curl_set_receivers(
            library, easy, { octets, _, count, context in Transfer.from(context)?.receive(octets, count) ?? 0 },
            { octets, _, count, context in Transfer.from(context)?.receiveHead(octets, count) ?? 0 }, context)
        set(CURLOPT_NOSIGNAL, 1)
        // It has no name to look up; should it try all the same, its end must not wait for that.
        set(CURLOPT_QUICK_EXIT, 1)
        // An encrypted key would otherwise ask for its password on the terminal, and wait.
        set(CURLOPT_KEYPASSWD, "")
    }

    deinit {
        library.pointee.curl_easy_cleanup(easy)
        for list in lists { library.pointee.curl_slist_free_all(list) }
        socket.deallocate()
        errorText.deallocate()
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> Transfer? {
        context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }

    // MARK: Options

    func set(_ option: CURLoption, _ number: Int) { _ = halua_curl_set_number(library, easy, option, number) }
    func set(_ option: CURLoption, _ text: String) { _ = halua_curl_set_text(library, easy, option, text) }

    func set(_ option: CURLoption, octets: [UInt8]) {
        octets.withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress else { return }
            _ = halua_curl_set_octets(library, easy, option, start, buffer.count)
        }
    }

    func set(_ option: CURLoption, list: [String]) {
        var first: UnsafeMutablePointer<curl_slist>?
        for line in list { first = library.pointee.curl_slist_append(first, line) ?? first }
        guard let first else { return }
        lists.append(first)
        _ = halua_curl_set_list(library, easy, option, first)
    }

    /// The body of a POST, or of another method that has one.
    func setBody(_ octets: [UInt8]) {
        octets.withUnsafeBytes { _ = halua_curl_set_body(library, easy, $0.baseAddress, $0.count) }
    }

    // MARK: While it runs

    private func receive(_ octets: UnsafeMutablePointer<CChar>, _ count: Int) -> Int {
        guard body.count + count <= longestBody else {
            isTooLong = true
            return 0
        }
        body.append(contentsOf: UnsafeRawBufferPointer(start: octets, count: count))
        return count
    }

    private func receiveHead(_ octets: UnsafeMutablePointer<CChar>, _ count: Int) -> Int {
        headLength += count
        guard headLength <= Self.longestHead else {
            isTooLong = true
            return 0
        }
        let line = Array(UnsafeRawBufferPointer(start: octets, count: count))
        // An interim answer, or a proxy's, comes first: only the last head counts.
        if line.starts(with: "HTTP/".utf8) { head = [] }
        head.append(line)
        return count
    }

    var stage: TransferStage {
        if !head.isEmpty { return .receiving(body.count) }
        let connected = isSecure ? CURLINFO_APPCONNECT_TIME_T : CURLINFO_CONNECT_TIME_T
        if halua_curl_span(library, easy, connected) == 0 { return .connecting }
        return .waiting
    }

    // MARK: A connection that is left to its owner

    /// The socket to watch; nil when the connection is gone.
    var connection: Int32? {
        let socket = halua_curl_socket_of(library, easy)
        return socket >= 0 ? socket : nil
    }

    /// Sends what is in an array from an index on, and returns how many octets went out: 0 when the socket takes no more
    /// for now. TLS wants what did not go out once more from the same array, unchanged.
    func send(_ octets: [UInt8], from start: Int) throws(TransferFailure) -> Int {
        var count = 0
        let code = octets.withUnsafeBytes { buffer in
            let rest = UnsafeRawBufferPointer(rebasing: buffer[start...])
            return library.pointee.curl_easy_send(easy, rest.baseAddress, rest.count, &count)
        }
        if code == CURLE_AGAIN { return 0 }
        guard code == CURLE_OK else { throw failure(code) }
        return count
    }

    /// What has arrived: nil when nothing more has for now, empty at the end of the connection.
    func receive() throws(TransferFailure) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        var count = 0
        let code = buffer.withUnsafeMutableBytes {
            library.pointee.curl_easy_recv(easy, $0.baseAddress, $0.count, &count)
        }
        if code == CURLE_AGAIN { return nil }
        guard code == CURLE_OK else { throw failure(code) }
        return Array(buffer.prefix(count))
    }

    private func failure(_ code: CURLcode) -> TransferFailure {
        TransferFailure(
            code: code, systemError: Int32(truncatingIfNeeded: halua_curl_number(library, easy, CURLINFO_OS_ERRNO)))
    }

    // MARK: The end

    /// Takes everything from the handle while it is still whole.
    func finish(_ code: CURLcode) {
        let system = Int32(truncatingIfNeeded: halua_curl_number(library, easy, CURLINFO_OS_ERRNO))
        result = TransferResult(
            code: code, sentence: String(cString: errorText),
            systemError: socket.pointee.error != 0 ? socket.pointee.error : system,
            verifyResult: halua_curl_number(library, easy, CURLINFO_SSL_VERIFYRESULT), isTooLong: isTooLong,
            status: halua_curl_number(library, easy, CURLINFO_RESPONSE_CODE),
            redirect: halua_curl_text(library, easy, CURLINFO_REDIRECT_URL).map { String(cString: $0) }, head: head,
            body: body)
    }

    /// Tells the one who waits; the handle is out of the loop by then.
    func conclude() {
        guard let result, let completion else { return }
        self.completion = nil
        completion(result)
    }
}
