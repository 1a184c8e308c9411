/// A client that asks the virtual address every millisecond who answers there.
import CLinux
import Glibc
import LinuxIO
import Wire

/// What the hosts behind one virtual address look like to a client that never stops asking.
package final class Prober: Sendable {
    /// One answer, when it came and from which host (its place in `Lab.hosts`).
    package struct Answer: Hashable, Sendable {
        package var at: Moment
        package var host: Int
    }

    /// A hand-over as the client lived through it.
    package struct Handover: Hashable, Sendable {
        /// From the fault to the first answer of the new holder.
        package var takeover: Duration
        /// The longest stretch without any answer around the hand-over.
        package var silence: Duration
        /// The latest the prober itself was with a question: what this measurement cannot see.
        package var ownLateness: Duration
    }

    private struct State: Sendable {
        var answers: [Answer] = []
        /// Moments at which the prober asked more than two periods late, and how late.
        var lateness: [(at: Moment, by: Duration)] = []
        var questions = 0
        var stopped = false
    }

    package static let period = Duration.milliseconds(1)
    private let state = Lock(State())
    private let responder: EchoResponder
    private let thread: Thread

    /// Lets every host answer on `address` while it holds it, and starts asking from the client.
    package init(_ address: String, in lab: Lab) throws(LabError) {
        responder = try EchoResponder(on: address, hosts: lab.hosts)
        guard let parsed = IPAddress(address) else { throw LabError("\(address) is no IP address") }
        let target = SocketAddress(parsed, port: EchoResponder.port)
        let socket = try lab.client.inside { () throws(LabError) in
            try Descriptor("socket") {
                Glibc.socket(
                    target.address.family.domain,
                    Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
            }
        }
        let state = state
        thread = try explained { () throws(IOFailure) in
            try Thread.start(name: "lab prober") { Self.ask(target, socket, state) }
        }
    }

    deinit { stop() }

    /// Stops asking. The answers so far stay.
    package func stop() {
        let first = state.withLock { state in
            defer { state.stopped = true }
            return !state.stopped
        }
        if first {
            thread.join()
            responder.stop()
        }
    }

    package var questions: Int { state.withLock { $0.questions } }

    /// The answers since `moment`, oldest first.
    package func answers(since moment: Moment = .init(nanoseconds: 0)) -> [Answer] {
        state.withLock { state in
            Array(state.answers[Self.start(of: moment, in: state.answers)...])
        }
    }

    /// The place of the first answer since `moment`.
    private static func start(of moment: Moment, in answers: [Answer]) -> Int {
        // The newest are at the end, and callers ask for the last seconds of minutes.
        var start = answers.count
        while start > 0, answers[start - 1].at >= moment { start -= 1 }
        return start
    }

    /// Waits for the first answer of `host` since `moment`; nil when none came within `limit` from now.
    package func waitForAnswer(of host: Int, since moment: Moment, limit: Duration) -> Moment? {
        var found: Moment?
        _ = waitUntil(limit) {
            found = state.withLock { state in
                state.answers[Self.start(of: moment, in: state.answers)...].first { $0.host == host }?.at
            }
            return found != nil
        }
        return found
    }

    /// Waits until `host` has taken over after `fault` and measures it; nil when it has not within `limit`.
    package func handover(to host: Int, after fault: Moment, limit: Duration) -> Handover? {
        guard let taken = waitForAnswer(of: host, since: fault, limit: limit) else { return nil }
        let around = answers(since: fault - .seconds(1)).filter { $0.at <= taken }
        return .init(
            takeover: taken - fault, silence: longestGap(around),
            ownLateness: state.withLock { state in
                state.lateness.filter { $0.at >= fault && $0.at <= taken }.map(\.by).max() ?? .zero
            })
    }

    /// The longest stretch without an answer from `start` to `end`.
    package func longestSilence(from start: Moment, to end: Moment) -> Duration {
        let inside = answers(since: start).filter { $0.at <= end }
        let first = (inside.first?.at ?? end) - start
        let last = end - (inside.last?.at ?? start)
        return max(longestGap(inside), first, last)
    }

    private func longestGap(_ answers: [Answer]) -> Duration {
        zip(answers, answers.dropFirst()).map { $1.at - $0.at }.max() ?? .zero
    }

    private static func ask(_ target: SocketAddress, _ socket: Descriptor, _ state: Lock<State>) {
        preferThisThread()
        var question = UInt64(0)
        var next = Moment.now
        while true {
            next = next + period
            question += 1
            let asked = Moment.now
            let stopped = state.withLock { state in
                state.questions += 1
                if asked > next + period { state.lateness.append((asked, asked - next)) }
                return state.stopped
            }
            if stopped { return }
            // Missed periods are not made up for: a burst of questions measures nothing.
            if asked > next + period { next = asked }
            _ = target.withSocketAddress { sendto(socket.number, &question, 8, 0, .init(__sockaddr__: $0), $1) }
            collect(socket, until: next, state)
        }
    }

    /// Takes answers until it is time for the next question.
    private static func collect(_ socket: Descriptor, until next: Moment, _ state: Lock<State>) {
        while true {
            let left = (next - .now).wholeNanoseconds
            guard left > 0 else { return }
            var waiting = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
            var limit = timespec(tv_sec: 0, tv_nsec: Int(left))
            guard ppoll(&waiting, 1, &limit, nil) == 1 else { return }
            var octets: (UInt64, UInt64) = (0, 0)
            let at = Moment.now
            while recv(socket.number, &octets, 16, 0) == 16 {
                let host = Int(octets.1)
                state.withLock { $0.answers.append(.init(at: at, host: host)) }
            }
        }
    }
}

/// Puts the calling thread before ordinary work: a busy machine must not look like a slow daemon. Needs root.
func preferThisThread() {
    var parameters = sched_param(sched_priority: 1)
    _ = sched_setscheduler(0, SCHED_RR, &parameters)
}
