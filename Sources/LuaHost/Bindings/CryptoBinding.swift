/// halua.crypto and halua.base64: digests and random octets by the system's libraries, and octets as text.
import CLinux
import COpenSSL
import Glibc

enum CryptoBinding {
    static let functions = [
        HostFunction("crypto.sha1", fields: ["raw"]) { call throws(ScriptFault) in try digest(call, .sha1) },
        HostFunction("crypto.sha256", fields: ["raw"]) { call throws(ScriptFault) in try digest(call, .sha256) },
        HostFunction("crypto.hmac", fields: ["raw"], body: hmac),
        HostFunction("crypto.random", fields: ["raw"], body: random),
        HostFunction("crypto.equal", body: equal),
        HostFunction("base64.encode", fields: ["url"], body: encode),
        HostFunction("base64.decode", fields: ["url"], body: decode),
    ]

    /// A digest of more would hold the script thread up.
    private static let longest = 4 << 20
    private static let mostRandom = 4_096

    private enum Algorithm: String, CaseIterable {
        case sha1, sha256, sha512
    }

    // MARK: Arguments and results

    private static func data(
        _ call: HostCall, _ index: Int32, _ what: String, limit: Int = longest
    ) throws(ScriptFault) -> [UInt8] {
        guard let data = call.stack.octets(index) else {
            throw call.fault("argument \(index) must be \(what) (a string), not \(call.stack.kind(index).word)")
        }
        guard data.count <= limit else { throw call.fault("\(what) may have at most \(limit) octets") }
        return data
    }

    /// Octets as hexadecimal digits, or as they are with {raw = true}.
    private static func push(_ octets: [UInt8], raw: Bool, _ call: HostCall) -> HostReturn {
        if raw {
            call.stack.push(octets)
        } else {
            let digits = Array("0123456789abcdef".utf8)
            call.stack.push(octets.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
        }
        return .values(1)
    }

    private static func isRaw(_ call: HostCall, at index: Int32) throws(ScriptFault) -> Bool {
        try call.options(at: index).boolean("raw") ?? false
    }

    // MARK: Digests

    private static func library() throws(OperatingError) -> halua_openssl {
        try DynamicLibrary.table("crypto", "libssl.so.3", package: "libssl3", { halua_openssl($0, $1) }).pointee
    }

    private static func method(_ algorithm: Algorithm, _ library: halua_openssl) -> OpaquePointer? {
        switch algorithm {
        case .sha1: library.EVP_sha1()
        case .sha256: library.EVP_sha256()
        case .sha512: library.EVP_sha512()
        }
    }

    /// The octets that `compute` writes into a buffer of the largest digest's size; nil when it says no.
    private static func output(_ compute: (UnsafeMutablePointer<UInt8>, inout UInt32) -> Bool) -> [UInt8]? {
        var isDone = false
        let octets = [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { space, count in
            guard let start = space.baseAddress else { return }
            var length: UInt32 = 0
            isDone = compute(start, &length)
            count = isDone ? Int(length) : 0
        }
        return isDone ? octets : nil
    }

    /// What an administrator's policy may do to old algorithms.
    private static func refusal(_ call: HostCall, _ algorithm: Algorithm) -> HostReturn {
        call.fail(OperatingError(.denied, "\(call.path): the configuration of OpenSSL does not allow \(algorithm)"))
    }

    /// sha1(data [, {raw = true}]) → 40 hexadecimal digits, or 20 octets; sha256 the like.
    private static func digest(_ call: HostCall, _ algorithm: Algorithm) throws(ScriptFault) -> HostReturn {
        let data = try data(call, 1, "data")
        let raw = try isRaw(call, at: 2)
        do throws(OperatingError) {
            let library = try library()
            let result = output { space, length in
                data.withUnsafeBytes {
                    library.EVP_Digest($0.baseAddress, $0.count, space, &length, method(algorithm, library), nil) == 1
                }
            }
            guard let result else { return refusal(call, algorithm) }
            return push(result, raw: raw, call)
        } catch {
            return call.fail(error)
        }
    }

    /// hmac(algorithm, key, data [, {raw = true}]) → the message authentication code (RFC 2104).
    private static func hmac(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let name = try call.string(1, "an algorithm")
        guard let algorithm = Algorithm(rawValue: name) else {
            let hint = Suggestion.text(for: name, among: Algorithm.allCases.map(\.rawValue))
            throw call.fault("there is no algorithm \"\(name)\"\(hint)")
        }
        let key = try data(call, 2, "a key")
        let data = try data(call, 3, "data")
        let raw = try isRaw(call, at: 4)
        do throws(OperatingError) {
            let library = try library()
            let result = output { space, length in
                key.withUnsafeBytes { key in
                    data.withUnsafeBytes { data in
                        // An empty key is one, no key is not.
                        let start = key.baseAddress ?? UnsafeRawPointer(space)
                        return library.HMAC(
                            method(algorithm, library), start, Int32(key.count),
                            data.bindMemory(to: UInt8.self).baseAddress, data.count, space, &length) != nil
                    }
                }
            }
            guard let result else { return refusal(call, algorithm) }
            return push(result, raw: raw, call)
        } catch {
            return call.fail(error)
        }
    }

    // MARK: Random octets and comparing

    /// random(n [, {raw = true}]) → n octets of the kernel's generator, as 2n hexadecimal digits.
    private static func random(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let count = try call.integer(1, "how many octets")
        guard (1...mostRandom).contains(count) else { throw call.fault("gives from 1 to \(mostRandom) octets") }
        let raw = try isRaw(call, at: 2)
        var octets = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            // Before the generator has begun, at boot, it would wait; then it says so instead.
            let more = octets.withUnsafeMutableBytes {
                getrandom($0.baseAddress.map { $0 + filled }, count - filled, UInt32(GRND_NONBLOCK))
            }
            if more < 0 {
                if errno == EINTR { continue }
                return call.fail(OperatingError(.denied, "crypto.random: the kernel has no random octets yet"))
            }
            filled += more
        }
        return push(octets, raw: raw, call)
    }

    /// equal(a, b) → whether two strings are the same, in a time that does not tell how far they are.
    private static func equal(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let left = try data(call, 1, "a string")
        let right = try data(call, 2, "a string")
        guard left.count == right.count else { return call.push(false) }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return call.push(difference == 0)
    }

    // MARK: Base64

    /// encode(data [, {url = true}]) → text.
    private static func encode(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let data = try data(call, 1, "data")
        let forURLs = try call.options(at: 2).boolean("url") ?? false
        call.stack.push(Base64.encode(data, forURLs: forURLs))
        return .values(1)
    }

    /// decode(text [, {url = true}]) → data; nil and an error when it is no base64.
    private static func decode(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let text = try data(call, 1, "text", limit: longest / 3 * 4 + 4)
        let forURLs = try call.options(at: 2).boolean("url") ?? false
        guard let octets = Base64.decode(text, forURLs: forURLs) else {
            return call.fail(OperatingError(.protocol, "base64.decode: this is no base64"))
        }
        call.stack.push(octets)
        return .values(1)
    }
}
