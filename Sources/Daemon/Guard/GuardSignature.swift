/// Signs messages of the guard channel and checks signatures: HMAC-SHA-256 cut to its first 16 octets (RFC 2104 §5).
import COpenSSL
import KeepalivedConf
import Wire

/// One key, prepared. OpenSSL allocates a little for each message and frees it again; Swift allocates nothing.
final class GuardSignature {
    /// Why messages cannot be signed.
    struct Obstacle: Error, Hashable, CustomStringConvertible {
        var description: String
    }

    private let hmac: OpaquePointer
    private let digest: UnsafeMutableBufferPointer<UInt8> = .allocate(capacity: 32)

    /// Throws: when OpenSSL is not installed, or its configuration does not allow SHA-256.
    init(_ key: GuardKey) throws(Obstacle) {
        let library = try Self.library()
        let made = key.octets.withUnsafeBufferPointer { octets in
            octets.baseAddress.flatMap { halua_hmac_new(library, $0, octets.count) }
        }
        guard let made else {
            digest.deallocate()
            throw Obstacle(description: "the configuration of OpenSSL does not allow HMAC-SHA-256")
        }
        hmac = made
        digest.initialize(repeating: 0)
    }

    deinit {
        halua_hmac_free(hmac)
        digest.deallocate()
    }

    /// What keeps the keys of a configuration from being used on this host. Loads OpenSSL when there is a key, so that the
    /// main thread never waits for a disk.
    static func obstacle(in configuration: Configuration) -> Obstacle? {
        let keys = configuration.instances.map(\.guardSettings).filter { $0.isOn && $0.hasChannel }.compactMap(\.key)
        guard let key = keys.first else { return nil }
        do throws(Obstacle) {
            _ = try GuardSignature(key)
            return nil
        } catch {
            return error
        }
    }

    private static func library() throws(Obstacle) -> UnsafePointer<halua_openssl> {
        var problem = ""
        let library = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let start = buffer.baseAddress else { return UnsafePointer<halua_openssl>?.none }
            start.pointee = 0
            let library = halua_openssl(start, buffer.count)
            problem = String(cString: start)
            return library
        }
        if let library { return library }
        throw Obstacle(
            description: "signing needs libssl.so.3: install the Debian package libssl3, or remove the key (\(problem))"
        )
    }

    /// Writes the signature behind the message. False: OpenSSL failed, and the message must not leave.
    func sign(_ octets: UnsafeMutableRawBufferPointer) -> Bool {
        precondition(octets.count == GuardMessage.length, "a message of the guard channel has one length")
        guard compute(UnsafeRawBufferPointer(octets)) else { return false }
        for index in 0..<GuardMessage.signatureLength { octets[GuardMessage.signedLength + index] = digest[index] }
        return true
    }

    /// Whether the signature behind a message is right.
    func verifies(_ octets: UnsafeRawBufferPointer) -> Bool {
        precondition(octets.count == GuardMessage.length, "a message of the guard channel has one length")
        guard compute(octets), let expected = digest.baseAddress, let start = octets.baseAddress else { return false }
        return halua_hmac_equal(hmac, expected, start + GuardMessage.signedLength, GuardMessage.signatureLength)
    }

    private func compute(_ octets: UnsafeRawBufferPointer) -> Bool {
        guard let start = octets.baseAddress, let space = digest.baseAddress else { return false }
        return halua_hmac_compute(hmac, start, GuardMessage.signedLength, space)
    }

    /// Whether a message carries a signature at all, right or wrong.
    static func isPresent(in octets: UnsafeRawBufferPointer) -> Bool {
        octets[GuardMessage.signedLength...].contains { $0 != 0 }
    }
}
