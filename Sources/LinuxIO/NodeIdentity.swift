/// Numbers that tell this node and this process from all others on the guard channel.
import CLinux
import Glibc
import SystemPackage
import Wire

package enum NodeIdentity {
    /// The same for every daemon of one boot of this host and one network namespace: nodes in containers on one host are
    /// different nodes.
    ///
    /// Throws: ENOENT without /proc.
    package static func node() throws(IOFailure) -> UInt64 {
        let boot = try FileReader.text("/proc/sys/kernel/random/boot_id")
        var namespace = stat()
        try systemCall("stat", detail: "/proc/thread-self/ns/net") { stat("/proc/thread-self/ns/net", &namespace) }
        return Digest64("\(boot) \(namespace.st_dev) \(namespace.st_ino)".utf8).value
    }

    /// 64 random bits, never 0.
    ///
    /// Throws: ENOSYS on a kernel without getrandom(2).
    package static func nonce() throws(IOFailure) -> UInt64 {
        var nonce: UInt64 = 0
        while nonce == 0 {
            try systemCall("getrandom") {
                Int32(withUnsafeMutableBytes(of: &nonce) { getrandom($0.baseAddress, $0.count, 0) })
            }
        }
        return nonce
    }
}
