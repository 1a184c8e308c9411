/// The one error of this module: which system call failed, how, and what it was for.
import CLinux
import Glibc
import SystemPackage

/// A failed system call. `description` is a whole sentence for a log line.
package struct IOFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The call as its manual page is named: "bind", "setsockopt IP_ADD_MEMBERSHIP", "RTM_NEWADDR".
    package var call: String
    package var errno: Errno
    /// What the call was for, and what the kernel said about it in words, when it did; may be empty.
    package var detail: String

    package init(_ call: String, _ errno: Errno, _ detail: String = "") {
        self.call = call
        self.errno = errno
        self.detail = detail
    }

    package var description: String {
        detail.isEmpty ? "\(call) failed: \(errno)" : "\(call) failed for \(detail): \(errno)"
    }
}

extension Errno {
    /// The error of the system call that this thread made last.
    package static var last: Errno { Errno(rawValue: Glibc.errno) }
}

/// Makes a system call that answers −1 on error, again after a signal.
///
/// Throws: `IOFailure`. EBADF and EFAULT stop the process: they mean a bug that could hit somebody else's descriptor.
@discardableResult
package func systemCall(
    _ call: @autoclosure () -> String, detail: @autoclosure () -> String = "", _ body: () -> Int32
) throws(IOFailure) -> Int32 {
    while true {
        let result = body()
        if result != -1 { return result }
        let error = Errno.last
        if error == .interrupted { continue }
        precondition(error != .badFileDescriptor && error != .badAddress, "\(call()) got \(error): a descriptor bug")
        throw IOFailure(call(), error, detail())
    }
}
