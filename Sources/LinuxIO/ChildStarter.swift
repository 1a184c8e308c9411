/// Starts programs on a thread of its own, so that no loop waits for a disk, a name service, or the kernel's loader.
import Glibc
import SystemPackage

/// Why a program was not started, as a sentence.
package struct StartFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}

/// One loop's way to start programs. The thread begins with the first start, and ends with `stop`.
package final class ChildStarter {
    /// Completes a command on the starter's thread, where it may wait: looks up users, searches programs, checks files.
    package typealias Preparation = @Sendable (inout Command) throws(StartFailure) -> Void

    /// Starts that wait while the thread is busy; more are refused.
    private static let queueLimit = 64

    private struct Request: Sendable {
        var number: UInt64
        var command: Command
        /// The child's ends of pipes. Closed here, when it has them or never will: nobody else can say when.
        var ends: [Int32]
        var prepare: Preparation
    }

    private enum Order: Sendable {
        case start(Request)
        case end
    }

    private struct Answer: Sendable {
        var number: UInt64
        var result: Result<SpawnedProcess, StartFailure>
    }

    private struct Worker {
        var orders: Mailbox<Order>
        var answers: Mailbox<Answer>
        var registration: Registration
    }

    package let loop: EventLoop
    private var worker: Worker?
    private var waiting: [UInt64: (Result<Child, StartFailure>) -> Void] = [:]
    private var lastNumber: UInt64 = 0
    /// Commands that have not been collected; they are killed when this stops.
    private var runs: [ObjectIdentifier: CommandRun] = [:]

    package init(loop: EventLoop) { self.loop = loop }

    /// Starts a program; the answer comes on the loop, never from within this call. `ends`: descriptors that are for the
    /// program alone, and closed on this side in any case.
    package func start(
        _ command: Command, ends: [Int32] = [], prepare: @escaping Preparation = { _ throws(StartFailure) in },
        then finish: @escaping (Result<Child, StartFailure>) -> Void
    ) {
        guard waiting.count < Self.queueLimit else {
            let failure = StartFailure("\(Self.queueLimit) programs wait to be started already")
            Self.close(ends)
            return loop.post { finish(.failure(failure)) }
        }
        do throws(IOFailure) {
            let worker = try currentWorker()
            lastNumber += 1
            waiting[lastNumber] = finish
            worker.orders.send(
                .start(Request(number: lastNumber, command: command, ends: ends, prepare: prepare)))
        } catch {
            Self.close(ends)
            loop.post { finish(.failure(StartFailure("\(error)"))) }
        }
    }

    private func currentWorker() throws(IOFailure) -> Worker {
        if let worker { return worker }
        let made = try makeWorker()
        worker = made
        return made
    }

    private func makeWorker() throws(IOFailure) -> Worker {
        let orders = try Mailbox<Order>()
        let answers = try Mailbox<Answer>()
        let thread = try Thread.start(name: "halua-starter", stackSize: 256 * 1024) {
            Self.work(orders, answers)
        }
        thread.detach()
        let registration: Registration
        do throws(IOFailure) {
            registration = try answers.attach(to: loop) { [weak self] answer in self?.receive(answer) }
        } catch {
            orders.send(.end)
            throw error
        }
        return Worker(orders: orders, answers: answers, registration: registration)
    }

    /// The body of the thread.
    private static func work(_ orders: Mailbox<Order>, _ answers: Mailbox<Answer>) {
        do throws(IOFailure) {
            let loop = try EventLoop(maximumEvents: 4)
            // The loop has this closure: it must not have the loop.
            try orders.attach(to: loop) { [unowned loop] order in
                switch order {
                case .start(let request):
                    let answer = Answer(number: request.number, result: spawn(request))
                    close(request.ends)
                    // Nobody waits for it any more.
                    if !answers.send(answer) { discard(answer.result) }
                case .end: loop.stop()
                }
            }
            loop.run()
        } catch {
            for case .start(let request) in orders.close() { close(request.ends) }
            answers.send(Answer(number: noThread, result: .failure(StartFailure("\(error)"))))
        }
    }

    private static func close(_ ends: [Int32]) { for end in ends { _ = Glibc.close(end) } }

    private static func spawn(_ request: Request) -> Result<SpawnedProcess, StartFailure> {
        var command = request.command
        do throws(StartFailure) {
            try request.prepare(&command)
        } catch {
            return .failure(error)
        }
        do throws(IOFailure) {
            return .success(try SpawnedProcess(command))
        } catch {
            return .failure(StartFailure(words(error)))
        }
    }

    /// A failed start in words.
    private static func words(_ failure: IOFailure) -> String {
        switch (failure.call, failure.errno) {
        case ("execve", .noSuchFileOrDirectory): "\(failure.detail): no such program, or its interpreter is missing"
        case ("execve", .permissionDenied): "\(failure.detail) may not be executed"
        case ("execve", .execFormatError): "\(failure.detail) is no program: a script needs a first line \"#!…\""
        case ("setresuid", .notPermitted), ("setgroups", .notPermitted):
            "halua may not become the user \(failure.detail): it does not run as root"
        case ("chdir", _): "the directory \(failure.detail) cannot be entered: \(failure.errno)"
        default: "\(failure)"
        }
    }

    /// The number of an answer to all: the thread could not begin.
    private static let noThread: UInt64 = 0

    private func receive(_ answer: Answer) {
        if answer.number == Self.noThread { return giveUp(answer.result.map { Child($0) }) }
        guard let finish = waiting.removeValue(forKey: answer.number) else { return Self.discard(answer.result) }
        finish(answer.result.map { Child($0) })
    }

    /// Fails everything that waits; the next start tries another thread.
    private func giveUp(_ result: Result<Child, StartFailure>) {
        if let worker { loop.remove(worker.registration) }
        worker = nil
        let all = waiting.values
        waiting = [:]
        for finish in all { finish(result) }
    }

    private static func discard(_ result: Result<SpawnedProcess, StartFailure>) {
        guard case .success(let process) = result else { return }
        let child = Child(process)
        try? child.signalGroup(9)
        _ = child.collect()
    }

    // MARK: Runs

    func keep(_ run: CommandRun) { runs[ObjectIdentifier(run)] = run }
    func drop(_ run: CommandRun) { runs[ObjectIdentifier(run)] = nil }

    /// How many commands run, those included whose caller has gone and that are being ended.
    package var count: Int { runs.count }

    /// Kills every command that runs, and ends the thread.
    package func stop() {
        for run in runs.values { run.kill() }
        runs = [:]
        waiting = [:]
        guard let worker else { return }
        loop.remove(worker.registration)
        worker.orders.send(.end)
        // What was started in this moment would go on without anybody to end it.
        for answer in worker.answers.close() { Self.discard(answer.result) }
        self.worker = nil
    }

    deinit { stop() }
}
