/// One wait for a descriptor with a limit of time: what connections, datagrams and probes have in common.
import LinuxIO

/// Waits for one thing at a time; nobody is told any more once it has ended.
final class ReadinessWait {
    /// Why a wait came to nothing.
    enum Defeat {
        /// The time was over.
        case expired(Duration)
        case failed(IOFailure)
    }

    private let loop: EventLoop
    private var registration: Registration?
    private var timer: TimerToken?
    private(set) var isWaiting = false

    init(loop: EventLoop) { self.loop = loop }

    deinit { end() }

    /// Calls `attempt` whenever the descriptor is ready; it returns what to wait for next, or nil when it is through.
    ///
    /// `defeated` is called from the loop, after the wait has ended. Throws: ENOSPC, ENOMEM of epoll.
    func begin(
        _ descriptor: Int32, _ interest: Interest, timeout: Duration?, defeated: @escaping (Defeat) -> Void,
        attempt: @escaping () -> Interest?
    ) throws(IOFailure) {
        precondition(!isWaiting, "one wait at a time")
        var waited = interest
        registration = try loop.add(descriptor, interest) { [weak self] _ in
            guard let self, self.isWaiting else { return }
            guard let next = attempt() else { return self.end() }
            guard next != waited, let registration = self.registration else { return }
            waited = next
            do throws(IOFailure) {
                try self.loop.modify(registration, next)
            } catch {
                self.end()
                defeated(.failed(error))
            }
        }
        isWaiting = true
        guard let timeout else { return }
        timer = loop.after(timeout) { [weak self] in
            guard let self, self.isWaiting else { return }
            self.timer = nil
            self.end()
            defeated(.expired(timeout))
        }
    }

    func end() {
        if let registration { loop.remove(registration) }
        registration = nil
        if let timer { loop.cancel(timer) }
        timer = nil
        isWaiting = false
    }
}
