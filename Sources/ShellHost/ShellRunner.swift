/// The shell scripts as the daemon sees them: a thread that is told what to run, and says what came of it.
import LinuxIO

/// Owned by the main thread, which never waits for it.
package final class ShellRunner {
    private let post: @Sendable (FromShell) -> Void
    private var mailbox: Mailbox<ToShell>?

    /// - Parameter post: called on the thread of the scripts; it must not block.
    package init(post: @escaping @Sendable (FromShell) -> Void) { self.post = post }

    /// Without scripts there is no thread.
    package var isRunning: Bool { mailbox != nil }

    /// Passes a message on, and starts the thread with the first one. When the system refuses a thread, the reason is
    /// posted as a log message.
    package func send(_ message: ToShell) {
        if case .stop = message {
            guard let mailbox else { return post(.stopped) }
            mailbox.send(message)
            self.mailbox = nil
            return
        }
        do throws(IOFailure) {
            let mailbox: Mailbox<ToShell>
            if let running = self.mailbox { mailbox = running } else { mailbox = try start() }
            self.mailbox = mailbox
            // A full mailbox means that the thread is stuck; it says so itself when it comes back.
            mailbox.send(message)
        } catch {
            post(.log(.error, "no script can run: \(error)"))
        }
    }

    private func start() throws(IOFailure) -> Mailbox<ToShell> {
        let mailbox = try Mailbox<ToShell>()
        let thread = try Thread.start(name: "halua-shell") { [post] in ShellThread.run(mailbox, post: post) }
        thread.detach()
        return mailbox
    }
}
