/// Signals as events of a loop (signalfd(2)), instead of handlers that may interrupt anything.
import CLinux
import Glibc
import SystemPackage

/// A received signal and who sent it.
package struct SignalNotice: Hashable, Sendable {
    package var number: Int32
    package var sender: pid_t
    package var senderUser: uid_t

    package init(number: Int32, sender: pid_t, senderUser: uid_t) {
        self.number = number
        self.sender = sender
        self.senderUser = senderUser
    }
}

/// A descriptor that delivers some signals.
///
/// The signals are blocked in the calling thread and in all threads it starts later; so make this before any thread.
package final class Signals {
    private let descriptor: OwnedDescriptor

    /// Blocks the given signals and opens a descriptor that reads them.
    ///
    /// Throws: EMFILE, ENFILE, ENOMEM.
    package init(_ numbers: [Int32]) throws(IOFailure) {
        var set = sigset_t()
        sigemptyset(&set)
        for number in numbers { sigaddset(&set, number) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        descriptor = try OwnedDescriptor("signalfd") {
            signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
        }
    }

    /// Delivers the signals on a loop, all that are waiting in one turn.
    ///
    /// Throws: ENOSPC, ENOMEM.
    @discardableResult
    package func attach(
        to loop: EventLoop, _ receive: @escaping (SignalNotice) -> Void
    ) throws(IOFailure) -> Registration {
        try loop.add(descriptor.rawValue, .read) { [weak self] _ in self?.readAll(receive) }
    }

    private func readAll(_ receive: (SignalNotice) -> Void) {
        var information = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        // There are 64 signals; each normal one waits at most once, so the bound is generous.
        for _ in 0..<64 where read(descriptor.rawValue, &information, size) == size {
            receive(
                SignalNotice(
                    number: Int32(bitPattern: information.ssi_signo), sender: pid_t(bitPattern: information.ssi_pid),
                    senderUser: information.ssi_uid))
        }
    }

    /// Lets writes to closed connections fail with EPIPE instead of ending the process.
    package static func ignoreBrokenPipes() { _ = signal(SIGPIPE, SIG_IGN) }
}
