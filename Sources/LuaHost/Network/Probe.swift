/// Asking a neighbour or a host up to three times within a limit of time, until an answer fits.
import LinuxIO
import SystemPackage
import Wire

/// A question that is repeated until it is answered. Whoever hears the answers tells it.
final class Probe<Answer> {
    typealias Completion = (Result<Answer, OperatingError>) -> Void

    /// One lost packet is no dead host.
    private static var times: Int { 3 }

    private let loop: EventLoop
    private let subject: String
    private let pause: Duration
    /// Sends the question; it is told how often it was sent before.
    private let ask: (Int) throws(IOFailure) -> Void
    private var completion: Completion?
    private var timer: TimerToken?
    private var deadline: TimerToken?
    private var asked = 0
    /// Called when it ends: what it heard by is given back.
    var detach: (() -> Void)?

    /// `completion` is called once, from the loop, unless it is cancelled before.
    ///
    /// `subject`: as messages begin: "icmp.ping 192.0.2.1". `limit`: the whole time that the script gave, for the message,
    /// when a part of it is over.
    init(
        _ subject: String, timeout: Duration, limit: Duration, loop: EventLoop,
        ask: @escaping (Int) throws(IOFailure) -> Void, completion: @escaping Completion
    ) {
        self.loop = loop
        self.subject = subject
        self.ask = ask
        self.completion = completion
        pause = .nanoseconds(timeout.wholeNanoseconds / Int64(Self.times))
        deadline = loop.after(timeout) { [weak self] in
            let words = "\(subject): no answer within \(Durations.describe(limit))"
            self?.finish(.failure(OperatingError(.timeout, words)))
        }
    }

    deinit { cancel() }

    /// Sends the question, and again after a while.
    func begin() throws(IOFailure) {
        try ask(asked)
        asked += 1
        guard asked < Self.times else { return }
        timer = loop.after(pause) { [weak self] in
            guard let self else { return }
            self.timer = nil
            do throws(IOFailure) {
                try self.begin()
            } catch {
                self.fail(error)
            }
        }
    }

    func succeed(_ answer: Answer) { finish(.success(answer)) }
    func fail(_ failure: IOFailure) { finish(.failure(probeError(subject, failure))) }

    /// Nobody is told any more.
    func cancel() {
        completion = nil
        for token in [timer, deadline].compactMap(\.self) { loop.cancel(token) }
        timer = nil
        deadline = nil
        let detach = detach
        self.detach = nil
        detach?()
    }

    private func finish(_ result: Result<Answer, OperatingError>) {
        let completion = completion
        cancel()
        completion?(result)
    }
}

/// An error of the kernel in the words of the API.
func probeError(_ subject: String, _ failure: IOFailure) -> OperatingError {
    let (kind, words) = Connection.words(failure)
    return OperatingError(kind, "\(subject): \(words)")
}
