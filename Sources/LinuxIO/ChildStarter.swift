/// Starts programs on a thread of its own, so that no loop waits for a disk, a name service, or the kernel's loader.
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

    /// Starts a program; the answer comes on the loop, never from within this call.
    package func start(
        _ command: Command, prepare: @escaping Preparation = { _ throws(StartFailure) in },
        then finish: @escaping (Result<Child, StartFailure>) -> Void
    ) {
        guard waiting.count < Self.queueLimit else {
            let failure = StartFailure("\(Self.queueLimit) programs wait to be started already")
            return loop.post { finish(.failure(failure)) }
        }
        do throws(IOFailure) {
            let worker = try currentWorker()
            lastNumber += 1
            waiting[lastNumber] = finish
            worker.orders.send(.start(Request(number: lastNumber, command: command, prepare: prepare)))
        } catch {
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
        let registration = try answers.attach(to: loop) { [weak self] answer in
            if let self {
                receive(answer)
            } else {
                Self.discard(answer.result)
            }
        }
        return Worker(orders: orders, answers: answers, registration: registration)
    }

    /// The body of the thread.
    private static func work(_ orders: Mailbox<Order>, _ answers: Mailbox<Answer>) {
        guard let loop = try? EventLoop(maximumEvents: 4) else { return }
        let registration = try? orders.attach(to: loop) { order in
            switch order {
            case .start(let request):
                let answer = Answer(number: request.number, result: spawn(request))
                if !answers.send(answer) { discard(answer.result) }
            case .end: loop.stop()
            }
        }
        guard registration != nil else { return }
        loop.run()
    }

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

    private func receive(_ answer: Answer) {
        guard let finish = waiting.removeValue(forKey: answer.number) else { return Self.discard(answer.result) }
        finish(answer.result.map { Child($0) })
    }

    /// Nobody waits for it any more.
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
        self.worker = nil
    }

    deinit { stop() }
}
