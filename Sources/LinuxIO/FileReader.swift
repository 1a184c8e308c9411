/// Whole small files, with a limit, without ever waiting for a writer.
import CLinux
import Glibc
import SystemPackage

package enum FileReader {
    /// The contents of a regular file (those of /proc and /sys count as regular).
    ///
    /// `limit`: octets; a longer file is an error, not a cut one.
    /// Throws: ENOENT, EACCES …; EFBIG above the limit; EINVAL for a FIFO, device or directory, which could block.
    package static func bytes(_ path: String, limit: Int = 64 * 1024) throws(IOFailure) -> [UInt8] {
        let descriptor = try OwnedDescriptor("open", detail: path) { open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        let raw = descriptor.rawValue
        var status = stat()
        try systemCall("fstat", detail: path) { fstat(raw, &status) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw IOFailure("open", .invalidArgument, "\(path), which is not a regular file")
        }
        var contents = [UInt8](repeating: 0, count: min(limit, max(4096, Int(status.st_size))) + 1)
        var length = 0
        while true {
            let count = try systemCall("read", detail: path) {
                contents.withUnsafeMutableBytes {
                    Int32(read(raw, $0.baseAddress.map { $0 + length }, $0.count - length))
                }
            }
            length += Int(count)
            if length > limit { throw IOFailure("read", .fileTooLarge, "\(path), limit \(limit) octets") }
            if count == 0 { break }
            if length == contents.count {
                // An array is appended by copying memory; a sequence would be appended octet by octet.
                contents.append(contentsOf: [UInt8](repeating: 0, count: min(contents.count, limit + 1 - length)))
            }
        }
        contents.removeLast(contents.count - length)
        return contents
    }

    /// The contents of a regular file as text; octets that are not UTF-8 become U+FFFD.
    package static func text(_ path: String, limit: Int = 64 * 1024) throws(IOFailure) -> String {
        String(decoding: try bytes(path, limit: limit), as: UTF8.self)
    }
}
