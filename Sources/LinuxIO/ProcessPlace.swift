/// Where a process works: the directory that its relative paths begin at.
import CLinux
import Glibc

extension ProcessTable {
    /// The working directory of a process, nil when it is gone or may not be looked at.
    package static func workingDirectory(_ identifier: pid_t) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
            guard let start = buffer.baseAddress else { return nil }
            let length = readlink("/proc/\(identifier)/cwd", start, buffer.count)
            guard length > 0 else { return nil }
            return String(
                decoding: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<length]), as: UTF8.self)
        }
    }
}
