/// A file descriptor that several threads share; the last one to forget it closes it.
import Glibc
import LinuxIO

/// `OwnedDescriptor` cannot be copied; the lab's threads need to hold the same one.
final class Descriptor: Sendable {
    private let owned: OwnedDescriptor
    var number: Int32 { owned.rawValue }

    init(_ number: Int32) { owned = OwnedDescriptor(number) }

    convenience init(_ call: String, detail: String = "", _ open: () -> Int32) throws(LabError) {
        self.init(try explained { () throws(IOFailure) in try systemCall(call, detail: detail, open) })
    }

    /// A pipe whose ends no program that the lab starts inherits by accident.
    static func pipe() throws(LabError) -> (reading: Descriptor, writing: Descriptor) {
        var ends: [Int32] = [-1, -1]
        try explained { () throws(IOFailure) in try systemCall("pipe2") { pipe2(&ends, O_CLOEXEC) } }
        return (Descriptor(ends[0]), Descriptor(ends[1]))
    }

    /// Writes everything or throws.
    func write(_ octets: [UInt8]) throws(LabError) {
        var sent = 0
        while sent < octets.count {
            let count = octets[sent...].withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw LabError("writing failed: \(String(cString: strerror(errno)))") }
            sent += count
        }
    }

    /// Up to `limit` octets; empty at the end of the stream and on errors.
    func read(_ limit: Int = 65536) -> [UInt8] {
        while true {
            var count = 0
            let octets = [UInt8](unsafeUninitializedCapacity: limit) { buffer, used in
                count = Glibc.read(number, buffer.baseAddress, limit)
                used = max(count, 0)
            }
            if count < 0 && errno == EINTR { continue }
            return octets
        }
    }
}
