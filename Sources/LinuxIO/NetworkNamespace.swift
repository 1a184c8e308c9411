/// Moving the calling thread between network namespaces (network_namespaces(7)).
import CLinux
import Glibc
import SystemPackage

/// A thread's network namespace. Sockets belong to the namespace in which their thread opened them.
package enum NetworkNamespace {
    /// Moves the calling thread into a named namespace: a name as `ip netns` knows it, or a path.
    ///
    /// Throws: ENOENT, EPERM without CAP_SYS_ADMIN, EINVAL (not a network namespace).
    package static func enter(_ nameOrPath: String) throws(IOFailure) {
        let path = nameOrPath.contains("/") ? nameOrPath : "/run/netns/\(nameOrPath)"
        let descriptor = try OwnedDescriptor("open", detail: path) { open(path, O_RDONLY | O_CLOEXEC) }
        let raw = descriptor.rawValue
        try systemCall("setns", detail: path) { setns(raw, CLONE_NEWNET) }
    }

    /// Moves the calling thread into a fresh, empty namespace, which ends with the last thread and socket in it.
    ///
    /// Throws: EPERM without CAP_SYS_ADMIN, ENOSPC.
    package static func enterNew() throws(IOFailure) {
        try systemCall("unshare CLONE_NEWNET") { unshare(CLONE_NEWNET) }
    }
}
