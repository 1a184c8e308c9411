/// Kernel settings under /proc/sys.
import CLinux
import Glibc
import SystemPackage

/// One kernel setting, named by its path below /proc/sys: "net/ipv4/conf/eth0/arp_ignore".
///
/// Slashes, because an interface's name may hold a dot. The network's settings are those of the calling thread's
/// namespace.
package struct Sysctl: Hashable, Sendable {
    package let path: String

    package init(_ path: String) {
        precondition(!path.split(separator: "/").contains(".."), "a sysctl stays below /proc/sys")
        self.path = path
    }

    private var file: String { "/proc/sys/\(path)" }

    /// The value without the trailing newline.
    ///
    /// Throws: ENOENT (no such setting or interface), EACCES.
    package func read() throws(IOFailure) -> String {
        var text = try FileReader.text(file)
        while text.last == "\n" { text.removeLast() }
        return text
    }

    /// Sets the value; the kernel checks it.
    ///
    /// Throws: ENOENT, EACCES, EROFS (a container's read-only /proc/sys), EINVAL.
    package func write(_ value: String) throws(IOFailure) {
        let name = file
        let descriptor = try OwnedDescriptor("open", detail: name) { open(name, O_WRONLY | O_CLOEXEC) }
        let raw = descriptor.rawValue
        let line = value + "\n"
        try systemCall("write", detail: "\(value) to \(name)") { Int32(Glibc.write(raw, line, line.utf8.count)) }
    }
}
