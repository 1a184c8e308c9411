/// A file descriptor with exactly one owner, which closes it.
import Glibc
import SystemPackage

/// Closes its descriptor when it goes out of scope. It cannot be copied, so nothing closes twice.
package struct OwnedDescriptor: ~Copyable, Sendable {
    package let rawValue: Int32

    /// Takes over an open descriptor.
    package init(_ rawValue: Int32) {
        precondition(rawValue >= 0, "an owned descriptor is an open one")
        self.rawValue = rawValue
    }

    /// Takes over what a system call returns, or throws its error.
    package init(_ call: String, detail: String = "", _ open: () -> Int32) throws(IOFailure) {
        self.init(try systemCall(call, detail: detail, open))
    }

    /// Gives the descriptor away; the receiver closes it.
    package consuming func release() -> Int32 {
        let descriptor = rawValue
        discard self
        return descriptor
    }

    deinit { _ = Glibc.close(rawValue) }
}
