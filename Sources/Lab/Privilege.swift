/// Root's rights over networks that the lab makes itself, also for a user who is not root.
import CLinux
import Glibc
import LinuxIO

/// Makes this process able to create namespaces. Call it before any thread starts.
///
/// Without root it enters a user namespace of its own, in which it has root's rights over what it creates there and
/// over nothing else. Throws one sentence that says what to do when the system refuses that.
package func gainLabPrivileges() throws(LabError) {
    guard geteuid() != 0 else { return }
    let (user, group) = (geteuid(), getegid())
    guard unshare(CLONE_NEWUSER) == 0 else {
        throw LabError(
            "halua's lab makes network namespaces, which this system allows only to root: run it with sudo"
                + " (unshare: \(String(cString: strerror(errno))))")
    }
    // The kernel takes a group map from an unprivileged process only after setgroups is given up.
    try writeFile("/proc/self/setgroups", "deny")
    try writeFile("/proc/self/uid_map", "0 \(user) 1")
    try writeFile("/proc/self/gid_map", "0 \(group) 1")
}

/// True when this process may create namespaces without further steps.
package var hasLabPrivileges: Bool {
    var effective: UInt64 = 0
    return halua_effective_capabilities(&effective) == 0 && effective & 1 << UInt64(CAP_SYS_ADMIN) != 0
}
