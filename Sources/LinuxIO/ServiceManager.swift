/// Words to the service manager (sd_notify(3)) and its watchdog, without its library.
import CLinux
import Glibc
import SystemPackage

/// The service manager that started this process, when one did.
package final class ServiceManager {
    private let owned: OwnedDescriptor
    private let path: String
    /// The service manager kills this process when it hears no WATCHDOG=1 for this long; nil when it does not care.
    package let watchdog: Duration?

    /// nil when no service manager waits for notices (no NOTIFY_SOCKET).
    ///
    /// `environment`: looks up a variable. Throws: EMFILE, ENFILE.
    package static func make(
        environment: (String) -> String? = { name in getenv(name).map { String(cString: $0) } }
    ) throws(IOFailure) -> ServiceManager? {
        guard let path = environment("NOTIFY_SOCKET"), path.hasPrefix("/") || path.hasPrefix("@") else { return nil }
        // The watchdog may be meant for another process of the service.
        let isMine = environment("WATCHDOG_PID").flatMap { pid_t($0) }.map { $0 == getpid() } ?? true
        let microseconds = environment("WATCHDOG_USEC").flatMap { Int64($0) }
        let watchdog = isMine ? microseconds.map { Duration.microseconds($0) } : nil
        return try ServiceManager(path: path, watchdog: watchdog)
    }

    private init(path: String, watchdog: Duration?) throws(IOFailure) {
        self.path = path
        self.watchdog = watchdog
        owned = try OwnedDescriptor("socket AF_UNIX") {
            socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        }
    }

    /// Everything is set up. `status` is the line that `systemctl status` shows.
    package func ready(status: String) throws(IOFailure) { try notify("READY=1\nSTATUS=\(status)") }

    /// The configuration is being read again; `ready` ends it.
    package func reloading() throws(IOFailure) {
        try notify("RELOADING=1\nMONOTONIC_USEC=\(Clock.monotonic / 1_000)")
    }

    package func stopping() throws(IOFailure) { try notify("STOPPING=1") }

    package func status(_ text: String) throws(IOFailure) { try notify("STATUS=\(text)") }

    /// The main loop is alive. Due at least twice per `watchdog`.
    package func keepAlive() throws(IOFailure) { try notify("WATCHDOG=1") }

    /// Sends assignments, one per line.
    ///
    /// Throws: ENOENT, ECONNREFUSED (the manager is gone), EAGAIN.
    private func notify(_ text: String) throws(IOFailure) {
        let raw = owned.rawValue
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        try withUnixAddress(path) { (address, length) throws(IOFailure) in
            _ = try systemCall("sendto", detail: path) {
                Int32(sendto(raw, text, text.utf8.count, flags, .init(__sockaddr__: address), length))
            }
        }
    }
}
