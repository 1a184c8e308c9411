/// TLS as a client, by OpenSSL: contexts that are kept, and one session over a socket that never waits.
import COpenSSL
import Glibc
import LinuxIO
import SystemPackage
import Wire

/// What a script says about TLS.
struct TLSSettings: Hashable {
    /// The name, or address, that the certificate must be for; nil: the host that was connected to.
    var serverName: String?
    /// A file of certificates, or a directory of them, to trust in the place of the system's.
    var authorities: String?
    var verifies = true
    /// The own certificate and its key, in files.
    var certificate: String?
    var key: String?
}

/// A file as it was when it was read.
private struct FileStamp: Hashable {
    var path: String
    var device: UInt64
    var inode: UInt64
    var size: Int
    var seconds: Int
    var nanoseconds: Int

    /// Throws when it is not there, or is something that reading could wait for.
    init(_ path: String, mayBeDirectory: Bool) throws(OperatingError) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw OperatingError(.denied, "TLS: \(path): \(Errno.last)")
        }
        let kind = status.st_mode & S_IFMT
        guard kind == S_IFREG || (mayBeDirectory && kind == S_IFDIR) else {
            throw OperatingError(.denied, "TLS: \(path) is not a regular file")
        }
        self.path = path
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int(status.st_size)
        seconds = status.st_mtim.tv_sec
        nanoseconds = status.st_mtim.tv_nsec
    }

    var isDirectory: Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}

/// What connections with the same settings share: the authorities and the own key, read from their files.
final class TLSContext {
    fileprivate let library: UnsafePointer<halua_openssl>
    fileprivate let pointer: OpaquePointer

    fileprivate init(
        _ library: UnsafePointer<halua_openssl>, _ files: TLSContexts.Files, verifies: Bool
    ) throws(OperatingError) {
        guard let pointer = halua_tls_context(library) else {
            throw OperatingError(.denied, "TLS: OpenSSL cannot start: \(TLSContext.lastError(library))")
        }
        self.library = library
        self.pointer = pointer
        library.pointee.ERR_clear_error()
        library.pointee.SSL_CTX_set_verify(pointer, verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nil)
        if let authorities = files.authorities {
            let load =
                authorities.isDirectory
                ? library.pointee.SSL_CTX_load_verify_dir : library.pointee.SSL_CTX_load_verify_file
            try check(load(pointer, authorities.path), authorities.path)
        } else {
            try check(library.pointee.SSL_CTX_set_default_verify_paths(pointer), "the system's authorities")
        }
        guard let certificate = files.certificate, let key = files.key else { return }
        try check(library.pointee.SSL_CTX_use_certificate_chain_file(pointer, certificate.path), certificate.path)
        try check(library.pointee.SSL_CTX_use_PrivateKey_file(pointer, key.path, SSL_FILETYPE_PEM), key.path)
    }

    deinit { library.pointee.SSL_CTX_free(pointer) }

    private func check(_ result: Int32, _ what: String) throws(OperatingError) {
        guard result != 1 else { return }
        throw OperatingError(.denied, "TLS: \(what): \(Self.lastError(library))")
    }

    /// The first error that OpenSSL noted, in its words.
    fileprivate static func lastError(_ library: UnsafePointer<halua_openssl>) -> String {
        let code = library.pointee.ERR_get_error()
        return library.pointee.ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)"
    }
}

/// The contexts of a generation. One is made anew when a file of it has changed.
final class TLSContexts {
    fileprivate struct Files: Hashable {
        var authorities: FileStamp?
        var certificate: FileStamp?
        var key: FileStamp?
    }

    private struct Key: Hashable {
        var files: Files
        var verifies: Bool
    }

    /// Settings are few; a script that makes up new ones for ever gets no more memory by it.
    private static let most = 16
    private var contexts: [Key: TLSContext] = [:]

    /// Throws: kind "denied" when the library or a file is missing or wrong.
    func context(for settings: TLSSettings) throws(OperatingError) -> TLSContext {
        let library = try DynamicLibrary.table("TLS", "libssl.so.3", package: "libssl3", halua_openssl)
        var files = Files()
        if let path = settings.authorities { files.authorities = try FileStamp(path, mayBeDirectory: true) }
        if let path = settings.certificate { files.certificate = try FileStamp(path, mayBeDirectory: false) }
        if let path = settings.key { files.key = try FileStamp(path, mayBeDirectory: false) }
        let key = Key(files: files, verifies: settings.verifies)
        if let known = contexts[key] { return known }
        let fresh = try TLSContext(library, files, verifies: settings.verifies)
        if contexts.count >= Self.most { contexts = [:] }
        contexts[key] = fresh
        return fresh
    }
}

/// A session over a connected socket, which must outlive it.
final class TLSSession {
    private let context: TLSContext
    private let session: OpaquePointer
    /// Memory that OpenSSL holds the address of.
    private let socket: UnsafeMutablePointer<halua_tls_socket>
    /// As messages name the peer.
    private let peer: String
    private let expected: String
    private var isEstablished = false

    private var library: halua_openssl { context.library.pointee }

    /// `expected`: the host name or address that the certificate must be for.
    /// Throws: kind "denied" without memory, or without a name to compare with.
    init(
        _ context: TLSContext, over descriptor: Int32, expecting expected: String, verifies: Bool, peer: String
    ) throws(OperatingError) {
        let address = IPAddress(expected)
        let name = expected.hasSuffix(".") ? String(expected.dropLast()) : expected
        let socket = UnsafeMutablePointer<halua_tls_socket>.allocate(capacity: 1)
        socket.initialize(to: halua_tls_socket(descriptor: descriptor, error: 0, has_ended: false))
        // An address is no name that a server could choose a certificate by (RFC 6066 §3).
        guard let session = halua_tls_session(context.library, context.pointer, socket, address == nil ? name : nil)
        else {
            socket.deallocate()
            throw OperatingError(.denied, "TLS with \(peer): not enough memory")
        }
        self.context = context
        self.session = session
        self.socket = socket
        self.peer = peer
        self.expected = name
        guard verifies else { return }
        let parameters = library.SSL_get0_param(session)
        let isSet: Bool
        if let address {
            isSet = library.X509_VERIFY_PARAM_set1_ip_asc(parameters, address.description) == 1
        } else {
            library.X509_VERIFY_PARAM_set_hostflags(parameters, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
            isSet = !name.isEmpty && library.SSL_set1_host(session, name) == 1
        }
        // Without a name OpenSSL would accept the certificate of anybody.
        guard isSet else {
            throw OperatingError(.denied, "TLS with \(peer): \"\(expected)\" is no name that a certificate can be for")
        }
    }

    deinit {
        library.SSL_free(session)
        socket.deallocate()
    }

    func handshake() -> StreamStep {
        let step = step { library.SSL_do_handshake(session) }
        guard case .done = step else { return step }
        isEstablished = true
        return .done(0)
    }

    func read(into space: UnsafeMutableRawBufferPointer) -> StreamStep {
        step { library.SSL_read(session, space.baseAddress, Int32(clamping: space.count)) }
    }

    func write(_ bytes: UnsafeRawBufferPointer) -> StreamStep {
        step { library.SSL_write(session, bytes.baseAddress, Int32(clamping: bytes.count)) }
    }

    /// Tells the peer that this was all, if the kernel takes it at once; its answer is not waited for.
    func sayGoodbye() {
        guard isEstablished else { return }
        library.ERR_clear_error()
        _ = library.SSL_shutdown(session)
        library.ERR_clear_error()
    }

    private func step(_ body: () -> Int32) -> StreamStep {
        library.ERR_clear_error()
        socket.pointee.error = 0
        let result = body()
        if result > 0 { return .done(Int(result)) }
        switch library.SSL_get_error(session, result) {
        case SSL_ERROR_WANT_READ: return .later(.read)
        case SSL_ERROR_WANT_WRITE: return .later(.write)
        case SSL_ERROR_ZERO_RETURN: return .end
        default: return .failed(failure())
        }
    }

    // MARK: Errors

    private func failure() -> OperatingError {
        // After a failure only the memory may be freed: OpenSSL forbids a goodbye.
        let wasEstablished = isEstablished
        isEstablished = false
        let verdict = library.SSL_get_verify_result(session)
        if !wasEstablished, verdict != X509_V_OK { return OperatingError(.auth, "TLS with \(peer): \(words(verdict))") }
        if socket.pointee.error != 0 {
            return Connection.error("TLS with", peer, IOFailure("recv or send", Errno(rawValue: socket.pointee.error)))
        }
        if socket.pointee.has_ended {
            let when = wasEstablished ? "without the end that TLS asks for" : "during the TLS handshake"
            return OperatingError(.closed, "\(peer) closed the connection \(when)")
        }
        return protocolError(TLSContext.lastError(context.library))
    }

    private func protocolError(_ reason: String) -> OperatingError {
        let foreign = ["wrong version number", "packet length too long", "unknown protocol", "http request"]
        if foreign.contains(reason) {
            return OperatingError(.protocol, "TLS with \(peer): what it says is no TLS (\(reason))")
        }
        // "tlsv13 alert certificate required", "tlsv1 alert unknown ca": the peer does not like who we are.
        guard let alert = reason.firstRange(of: "alert ") else {
            return OperatingError(.protocol, "TLS with \(peer): \(reason)")
        }
        let said = reason[alert.upperBound...]
        let isAboutUs = said.contains("certificate") || said == "unknown ca" || said == "access denied"
        return OperatingError(isAboutUs ? .auth : .protocol, "TLS with \(peer): the peer refuses: \(said)")
    }

    private func words(_ verdict: Int) -> String {
        switch Int32(clamping: verdict) {
        case X509_V_ERR_HOSTNAME_MISMATCH: "host name does not match: the certificate is not for \(expected)"
        case X509_V_ERR_IP_ADDRESS_MISMATCH: "address does not match: the certificate is not for \(expected)"
        case let code: library.X509_verify_cert_error_string(Int(code)).map { String(cString: $0) } ?? "error \(code)"
        }
    }
}
