/// halua.exec{}: runs a program without a shell, as a user without rights, under limits.
import CLua
import LinuxIO

enum ExecBinding {
    static let functions = [
        HostFunction(
            "exec", .running, waits: true,
            fields: ["timeout", "input", "user", "group", "env", "cwd", "max_output"], body: exec)
    ]

    private static let defaultTimeout = Duration.seconds(30)
    private static let defaultOutput = 64 * 1024
    private static let mostOutput = 4 << 20
    private static let mostInput = 4 << 20
    /// The kernel takes 128 KiB for one argument and some MiB for all; a list of that length is a mistake.
    private static let mostArguments = 1_000

    static func request(_ call: HostCall) throws(ScriptFault) -> CommandRequest {
        let fields = try call.fieldsWithElements()
        let arguments = try fields.elements("argument")
        guard let program = arguments.first, !program.isEmpty else {
            throw call.fault("takes the program and its arguments as a list: exec{ \"date\", \"-u\" }")
        }
        guard arguments.count <= mostArguments else { throw call.fault("takes at most \(mostArguments) arguments") }
        var request = CommandRequest(
            arguments: arguments, timeout: try fields.duration("timeout") ?? defaultTimeout,
            mostOutput: try fields.integer("max_output", in: 0...mostOutput) ?? defaultOutput)
        request.input = try fields.octets("input") ?? []
        guard request.input.count <= mostInput else { throw call.fault("input may have at most \(mostInput) octets") }
        request.user = try fields.string("user")
        request.group = try fields.string("group")
        request.environment = try fields.dictionary("env") ?? [:]
        request.directory = try fields.string("cwd")
        if let directory = request.directory, !directory.hasPrefix("/") {
            throw call.fault("cwd must be a whole path, not \"\(directory)\"")
        }
        return request
    }

    /// exec{ program, argument…, timeout=, input=, user=, group=, env=, cwd=, max_output= } → a table of code or signal,
    /// stdout, stderr, truncated; nil and an error when it could not be started or took too long, then with what it had
    /// printed as a third result.
    private static func exec(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let request = try request(call)
        let program = call.program
        let name = request.arguments[0]
        guard program.commandCount < program.limits.commands else {
            return call.fail(
                OperatingError(
                    .denied,
                    "exec \(name): \(program.commandCount) commands of this plugin run already"
                        + " (lua_command_limit)"))
        }
        let scheduler = call.scheduler
        return try call.wait("exec") { wakeup in
            program.commandCount += 1
            let run = request.perform(scheduler.commands, program.limits) { outcome in
                answer(wakeup, outcome, name, request.timeout)
            }
            run.onGone = { program.commandCount -= 1 }
            return { run.cancel() }
        }
    }

    private static func answer(_ wakeup: Wakeup, _ outcome: CommandOutcome, _ name: String, _ timeout: Duration) {
        switch outcome {
        case .ended(let exit, let output):
            wakeup.resume { stack in
                push(output, on: stack)
                switch exit {
                case .exited(let code):
                    stack.push(Int(code))
                    stack.setField("code", of: -2)
                case .signaled(let number):
                    stack.push(Int(number))
                    stack.setField("signal", of: -2)
                }
                return 1
            }
        case .timedOut(let output):
            var error = OperatingError(.timeout, "exec \(name): timed out after \(Durations.describe(timeout))")
            error.place = wakeup.place
            wakeup.resume { stack in
                stack.pushNil()
                error.push(on: stack)
                push(output, on: stack)
                return 3
            }
        case .refused(let failure): wakeup.fail(OperatingError(.denied, "exec \(name): \(failure)"))
        }
    }

    private static func push(_ output: CommandOutput, on stack: Stack) {
        stack.pushTable()
        stack.push(output.output)
        stack.setField("stdout", of: -2)
        stack.push(output.errors)
        stack.setField("stderr", of: -2)
        stack.push(output.isTruncated)
        stack.setField("truncated", of: -2)
    }
}
