/// A hold on one process that cannot slip to another one with the same number (pidfd_open(2)).
import CLinux
import Glibc
import SystemPackage

/// A process, a child or not. Its end is an event of a loop; a signal to it never hits a successor of its number.
package final class ProcessHandle {
    package let identifier: pid_t
    private let owned: OwnedDescriptor
    var descriptor: Int32 { owned.rawValue }

    /// Throws: ESRCH (no such process), EINVAL (a thread, not a process), EMFILE.
    package init(_ identifier: pid_t) throws(IOFailure) {
        self.identifier = identifier
        owned = try OwnedDescriptor("pidfd_open", detail: "process \(identifier)") { pidfd_open(identifier, 0) }
    }

    /// Takes over a descriptor that the kernel gave for the process.
    init(_ identifier: pid_t, _ owned: consuming OwnedDescriptor) {
        self.identifier = identifier
        self.owned = owned
    }

    /// Calls back once when the process has ended, then stops watching. The loop keeps the handle until then; to stop
    /// earlier, remove the registration.
    ///
    /// Throws: ENOSPC, ENOMEM.
    @discardableResult
    package func onExit(_ loop: EventLoop, _ ended: @escaping () -> Void) throws(IOFailure) -> Registration {
        var registration: Registration?
        let added = try loop.add(descriptor, .read) { [self, unowned loop] _ in
            if let registration { loop.remove(registration) }
            withExtendedLifetime(self, ended)
        }
        registration = added
        return added
    }

    /// Sends a signal.
    ///
    /// Throws: ESRCH (it has ended), EPERM.
    package func signal(_ number: Int32) throws(IOFailure) {
        try systemCall("pidfd_send_signal", detail: "process \(identifier)") {
            pidfd_send_signal(descriptor, number, nil, 0)
        }
    }
}
