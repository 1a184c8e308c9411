/// halua.process.find{}, status(pid) and watch{}: processes, looked for without forking anything.
import CLua
import LinuxIO

enum ProcessBinding {
    private static let criteria = ["name", "cmdline", "exe", "pidfile"]

    static let functions = [
        HostFunction("process.find", .running, fields: criteria, body: find),
        HostFunction("process.status", .running, body: status),
        HostFunction("process.watch", fields: criteria, body: watch),
        HostFunction("Watch:pids", .running, body: pids),
        HostFunction("Watch:close", body: close),
        HostFunction("Watch:__close", body: close),
    ]

    private static func criterion(_ call: HostCall) throws(ScriptFault) -> ProcessCriterion {
        let fields = try call.fields()
        let given = [
            try fields.string("name").map(ProcessCriterion.name),
            try fields.strings("cmdline").map(ProcessCriterion.argument),
            try fields.string("exe").map(ProcessCriterion.executable),
            try fields.string("pidfile").map(ProcessCriterion.pidfile),
        ].compactMap(\.self)
        guard given.count == 1, let only = given.first else {
            throw call.fault("takes exactly one of name, cmdline, exe, pidfile")
        }
        return only
    }

    /// find{name= | cmdline= | exe= | pidfile=} → a list of {pid, parent, name, state, started}; empty when none fits.
    ///
    /// cmdline is one whole argument, or a list of which the process must have one.
    private static func find(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let found = try criterion(call).find(in: call.program.processes)
        call.stack.pushTable()
        for (index, entry) in found.enumerated() {
            push(entry, on: call.stack)
            lua_rawseti(call.stack.pointer, -2, lua_Integer(index + 1))
        }
        return .values(1)
    }

    /// status(pid) → as in find, and with its arguments and cwd; nil when there is no such process.
    private static func status(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let identifier = try call.integer(1, "the number of a process")
        if let entry = Int32(exactly: identifier).flatMap(call.program.processes.entry) {
            push(entry, on: call.stack)
            call.stack.push(list: call.program.processes.arguments(entry.identifier))
            call.stack.setField("arguments", of: -2)
            if let directory = call.program.processes.workingDirectory(entry.identifier) {
                call.stack.push(directory)
                call.stack.setField("cwd", of: -2)
            }
        } else {
            call.stack.pushNil()
        }
        return .values(1)
    }

    private static func push(_ entry: ProcessEntry, on stack: Stack) {
        stack.pushTable()
        stack.push(Int(entry.identifier))
        stack.setField("pid", of: -2)
        stack.push(Int(entry.parent))
        stack.setField("parent", of: -2)
        stack.push(entry.name)
        stack.setField("name", of: -2)
        stack.push(word(entry.state))
        stack.setField("state", of: -2)
        stack.push(Int(clamping: entry.startTime))
        stack.setField("started", of: -2)
    }

    /// The kernel's letter in a word (proc_pid_stat(5)).
    private static func word(_ state: Character) -> String {
        switch state {
        case "R": "running"
        case "S", "I": "sleeping"
        case "D": "waiting"
        case "T": "stopped"
        case "t": "traced"
        case "Z", "X", "x": "zombie"
        default: String(state)
        }
    }

    /// watch{…} → a watch, for `pids()` and as `wake_on` of a check.
    private static func watch(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let watch = ProcessWatch(try criterion(call), in: call.program.processes)
        guard call.program.pushHandle(watch, on: call.stack) != nil else {
            return call.fail(
                OperatingError(
                    .denied, "process.watch: \(call.program.limits.handles) handles are open already (lua_handle_limit)"
                ))
        }
        if let scheduler = call.program.scheduler { watch.start(scheduler.processes) }
        return .values(1)
    }

    /// pids() → the numbers of the processes that live, ended ones (zombies) left out.
    private static func pids(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let identifiers = try call.object(ProcessWatch.self).identifiers()
        call.stack.pushTable()
        for (index, identifier) in identifiers.enumerated() {
            call.stack.push(Int(identifier))
            lua_rawseti(call.stack.pointer, -2, lua_Integer(index + 1))
        }
        return .values(1)
    }

    private static func close(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        try call.object(ProcessWatch.self).released()
        return .values(0)
    }
}
