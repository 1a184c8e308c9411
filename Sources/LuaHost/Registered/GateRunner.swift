/// Asks promotion gates: each in a task of its own, with its timeout and its budget, cancelled with the question.
import CLua
import LinuxIO

/// The open questions of a generation.
final class GateRunner {
    private let programs: [Program]
    private let scheduler: Scheduler
    /// The tasks that think about a question, by the name of the gate.
    private var open: [UInt64: [String: ScriptTask]] = [:]
    /// What went wrong last in each gate: it is asked again every few seconds, and says the same thing once.
    private var complaints: [String: String] = [:]

    init(_ programs: [Program], scheduler: Scheduler) {
        self.programs = programs
        self.scheduler = scheduler
    }

    /// Starts every gate of the question; each answers for itself.
    func ask(_ question: GateQuestion) {
        for name in question.gates {
            guard let (program, gate) = find(name) else {
                answer(question, name, .failed("no plugin that runs has this gate"))
                continue
            }
            start(gate, of: program, name, question)
        }
    }

    /// Nobody is interested in the answers any more: what waits is closed, and nothing is said.
    func cancel(_ number: UInt64) {
        for task in open.removeValue(forKey: number)?.values.map({ $0 }) ?? [] { scheduler.cancel(task) }
    }

    private func find(_ name: String) -> (Program, GateDefinition)? {
        for program in programs {
            for gate in program.gates where "\(program.name).\(gate.name)" == name { return (program, gate) }
        }
        return nil
    }

    private func start(_ gate: GateDefinition, of program: Program, _ name: String, _ question: GateQuestion) {
        let began = scheduler.loop.time
        let task = scheduler.start(
            program, name: name, function: gate.run, timeout: gate.timeout,
            arguments: { stack in
                stack.pushTable()
                stack.push(gate.name)
                stack.setField("name", of: -2)
                InstanceBinding.pushInstance(question.instance, program: program, on: stack)
                stack.setField("instance", of: -2)
                stack.push(Double(began + gate.timeout.wholeNanoseconds) / 1e9)
                stack.setField("deadline", of: -2)
                return 1
            },
            onEnd: { [weak self] task, outcome in
                guard let self else { return }
                open[question.number]?[name] = nil
                if open[question.number]?.isEmpty ?? false { open[question.number] = nil }
                ended(task, outcome, gate, name, question, isOver: began + gate.timeout.wholeNanoseconds)
            })
        if let task {
            open[question.number, default: [:]][name] = task
        } else {
            let sentence = "the plugin has \(scheduler.limits.tasks) tasks already (lua_task_limit)"
            complain(program, name, question, .error, sentence)
            answer(question, name, .failed(sentence))
        }
    }

    private func ended(
        _ task: ScriptTask, _ outcome: TaskOutcome, _ gate: GateDefinition, _ name: String, _ question: GateQuestion,
        isOver deadline: Int64
    ) {
        switch outcome {
        case .returned(let count):
            do throws(ScriptFault) {
                answer(question, name, try result(task.stack, count))
                complaints[name] = nil
            } catch {
                let message = "gate.promote{name = \"\(gate.name)\"}: \(error.message)"
                complain(task.program, name, question, .error, message)
                answer(question, name, .failed("bug in the script: \(error.message)"))
            }
        case .failed(let error):
            complain(task.program, name, question, .warning, error.description)
            answer(question, name, .failed(error.description))
        case .broken(let message):
            complain(task.program, name, question, .error, message)
            answer(question, name, .failed("bug in the script: \(message.prefix { $0 != "\n" })"))
        case .stopped(let sentence):
            complain(task.program, name, question, .warning, sentence)
            // Ended before its time: it computed too much.
            answer(question, name, scheduler.loop.time >= deadline ? .timedOut(sentence) : .failed(sentence))
        case .cancelled: break
        }
    }

    /// What a gate returned: true, perhaps with `{lease = …}`; false or nil and a reason.
    private func result(_ stack: Stack, _ count: Int32) throws(ScriptFault) -> GateAnswer {
        guard count > 0 else {
            throw ScriptFault("it returned nothing; return true, true and {lease = …}, or false and a reason")
        }
        guard stack.boolean(-count) else {
            return .denied(count > 1 && !stack.isNothing(1 - count) ? stack.describe(1 - count) : "no reason given")
        }
        guard count > 1, !stack.isNothing(1 - count) else { return .allowed(untilNanoseconds: nil) }
        return .allowed(untilNanoseconds: try lease(stack, lua_absindex(stack.pointer, 1 - count)))
    }

    private func lease(_ stack: Stack, _ index: Int32) throws(ScriptFault) -> Int64 {
        guard stack.kind(index) == .table else {
            throw ScriptFault("its second result must be a table such as {lease = 5}, not \(stack.kind(index).word)")
        }
        stack.pushField("lease", of: index)
        defer { stack.pop() }
        guard let lease = HostCall.duration(stack, -1) else {
            throw ScriptFault("\"lease\" must be a duration (seconds, or a string such as \"5s\")")
        }
        return scheduler.loop.time + lease.wholeNanoseconds
    }

    private func answer(_ question: GateQuestion, _ gate: String, _ answer: GateAnswer) {
        scheduler.post(.gateAnswer(question: question.number, gate: gate, answer))
    }

    private func complain(
        _ program: Program, _ gate: String, _ question: GateQuestion, _ level: LogLevel, _ message: String
    ) {
        guard complaints.updateValue(message, forKey: gate) != message else { return }
        let fields = [LogField(key: "gate", value: gate), LogField(key: "instance", value: question.instance)]
        scheduler.post(.log(level, plugin: program.name, message: message, fields: fields))
    }
}
