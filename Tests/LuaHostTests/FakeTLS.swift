/// A TLS server by OpenSSL's own program, and certificates good and bad, made for each test.
import Glibc
import LinuxIO
import SystemPackage
import Testing

/// A folder of certificates that goes away with its last reference.
final class Certificates {
    let folder: String
    var authority: String { "\(folder)/ca.pem" }
    private var files = ["ca.pem", "ca.key"]

    init() throws {
        var template = Array("/tmp/halua-tls-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in buffer.baseAddress.map { mkdtemp($0) } ?? nil }
        try #require(made != nil)
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        try run("openssl req -x509 \(key("ca")) -subj /CN=authority -days 2 -out \(authority)")
    }

    deinit {
        for file in files { unlink("\(folder)/\(file)") }
        rmdir(folder)
    }

    private func key(_ name: String) -> String {
        "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout \(folder)/\(name).key"
    }

    /// Makes `name`.pem and `name`.key: signed by the authority unless `isSelfSigned`, over already when `isExpired`.
    func make(
        _ name: String, for subject: String = "DNS:localhost,IP:127.0.0.1", isSelfSigned: Bool = false,
        isExpired: Bool = false
    ) throws {
        files += ["pem", "key", "csr", "ext"].map { "\(name).\($0)" }
        let stem = "\(folder)/\(name)"
        if isExpired {
            // Only this program makes a certificate that is over; it takes the names from a file.
            let descriptor = open("\(stem).ext", O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
            let text = Array("subjectAltName=\(subject)\n".utf8)
            _ = text.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            close(descriptor)
            try run("openssl req \(key(name)) -subj /CN=old -out \(stem).csr")
            let signer = "-CA \(authority) -CAkey \(folder)/ca.key"
            try run("openssl x509 -req -in \(stem).csr \(signer) -days -1 -extfile \(stem).ext -out \(stem).pem")
        } else {
            let signer = isSelfSigned ? "" : " -CA \(authority) -CAkey \(folder)/ca.key"
            let names = "-addext subjectAltName=\(subject)"
            try run("openssl req -x509 \(key(name)) -subj /CN=test \(names) -days 2\(signer) -out \(stem).pem")
        }
    }
}

/// `openssl s_server`, which sends every line back in reverse, or answers by HTTP with `mode` "-www".
final class FakeTLS {
    let port: Int
    private let child: Child

    /// `arguments`: more for the program, separated by single spaces.
    init(_ certificates: Certificates, _ name: String = "good", _ arguments: String = "", mode: String = "-rev") throws
    {
        let stem = "\(certificates.folder)/\(name)"
        let line = "openssl s_server -accept 127.0.0.1:0 -cert \(stem).pem -key \(stem).key \(mode) \(arguments)"
        var ends: (Int32, Int32) = (-1, -1)
        let made = withUnsafeMutableBytes(of: &ends) { pipe2($0.bindMemory(to: Int32.self).baseAddress, O_CLOEXEC) }
        try #require(made == 0)
        var command = Command(line.split(separator: " ").map { String($0) })
        command.standardOutput = .descriptor(ends.1)
        do {
            child = try Child(command)
            close(ends.1)
        } catch {
            close(ends.1)
            close(ends.0)
            throw error
        }
        defer { close(ends.0) }
        // "ACCEPT 127.0.0.1:41234", once it listens.
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 256)
        while !text.contains("ACCEPT ") || !text.hasSuffix("\n"), case let count = read(ends.0, &buffer, 256), count > 0
        {
            text += String(decoding: buffer[..<count], as: UTF8.self)
        }
        port = try #require(text.split(separator: ":").last.flatMap { Int($0.prefix { $0.isNumber }) })
    }

    /// Ends it so that it can say nothing more.
    func kill() { try? child.signal(SIGKILL) }

    deinit {
        kill()
        _ = child.collect()
    }
}
