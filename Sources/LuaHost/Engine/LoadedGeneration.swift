/// The load phase: plugin files become a generation, a set of plugins that run and are replaced together.
import CLua
import CLuaGlue
import LinuxIO

/// Plugins that were loaded together.
///
/// The daemon reads `checks`, and hands the generation to `ScriptEngine.start`, once. A generation that is never
/// started goes away with its last reference.
package final class LoadedGeneration: Sendable {
    /// Every check of every plugin, in the order of registration.
    package let checks: [RegisteredCheck]
    package let gates: [RegisteredGate]
    /// The names of the checks that hooks want to hear of: they run even when no instance tracks them.
    package let listenedChecks: Set<String>
    /// A number for the text of each plugin and of what it requires, to tell whether the files have changed.
    package let sources: [String: UInt64]
    /// What its scripts may use up.
    package let limits: ScriptLimits
    /// Taken out by the one thread that runs them; until then nobody touches them.
    private let programs: Lock<[Program]>

    private init(
        checks: [RegisteredCheck], gates: [RegisteredGate], listenedChecks: Set<String>, sources: [String: UInt64],
        limits: ScriptLimits, programs: Lock<[Program]>
    ) {
        self.checks = checks
        self.gates = gates
        self.listenedChecks = listenedChecks
        self.sources = sources
        self.limits = limits
        self.programs = programs
    }

    /// The plugins, for the thread that runs them; empty from the second time on.
    func take() -> [Program] {
        programs.withLock { programs in
            defer { programs = [] }
            return programs
        }
    }

    /// Loads every plugin; failures of all of them are reported together.
    ///
    /// `world`: what stands for the machine, in a test of the plugins.
    static func load(
        _ plugins: [PluginSpec], limits: ScriptLimits, world: ScriptedWorld? = nil
    ) -> Result<LoadedGeneration, LoadFailures> {
        var failures: [LoadFailure] = []
        let loaded = Lock<[Program]>([])
        var checks: [RegisteredCheck] = []
        var gates: [RegisteredGate] = []
        var names: Set<String> = []
        for plugin in plugins {
            guard names.insert(plugin.name).inserted else {
                failures.append(
                    LoadFailure(
                        message: "there are two plugins \(plugin.name): give one another name by \"as\"",
                        file: plugin.file, line: plugin.line))
                continue
            }
            do throws(LoadFailure) {
                let program = try Program(
                    plugin, limits: limits, functions: world == nil ? Bindings.all : ScriptedBindings.all,
                    loop: world?.loop, world: world)
                try program.load()
                failures += program.failures
                checks += program.checks.map { RegisteredCheck($0, of: program) }
                gates += program.gates.map { RegisteredGate($0, of: program) }
                loaded.withLock { $0.append(program) }
            } catch {
                failures.append(error)
            }
        }
        var listened: Set<String> = []
        // With a plugin missing it would only be said twice.
        if failures.isEmpty {
            for program in loaded.withLock({ $0 }) {
                failures += program.listen(to: checks.map(\.name), into: &listened)
            }
        }
        guard failures.isEmpty else { return .failure(LoadFailures(failures)) }
        let sources = Dictionary(loaded.withLock { $0 }.map { ($0.name, $0.sourceHash) }) { first, _ in first }
        return .success(
            LoadedGeneration(
                checks: checks, gates: gates, listenedChecks: listened, sources: sources, limits: limits,
                programs: loaded))
    }
}

extension RegisteredCheck {
    fileprivate init(_ check: CheckDefinition, of program: Program) {
        self.init(
            name: "\(program.name).\(check.name)", interval: check.interval, timeout: check.timeout, rise: check.rise,
            fall: check.fall, weight: check.weight, onBug: check.onBug)
    }
}

extension Program {
    /// Which of the registered checks this plugin's hooks want to hear of; a failure for each that nobody registered.
    fileprivate func listen(to registered: [String], into listened: inout Set<String>) -> [LoadFailure] {
        var failures: [LoadFailure] = []
        for hook in hooks {
            guard let wanted = hook.check else { continue }
            let names = registered.filter { wanted.hasSuffix(".") ? $0.hasPrefix(wanted) : $0 == wanted }
            listened.formUnion(names)
            guard names.isEmpty else { continue }
            let message =
                wanted.hasSuffix(".")
                ? "on.check: plugin \(name) registers no check"
                : "on.check: there is no check \"\(wanted)\"\(Suggestion.text(for: wanted, among: registered))"
            failures.append(
                LoadFailure(
                    message: message, file: spec.path, line: Int(hook.place.split(separator: ":").last ?? "") ?? 0))
        }
        return failures
    }

    /// The largest plugin file.
    private static let largestFile = 256 * 1024

    /// Compiles the file and runs it once. Complaints about options are left in `failures`.
    fileprivate func load() throws(LoadFailure) {
        let text: [UInt8]
        do throws(IOFailure) {
            text = try FileReader.bytes(spec.path, limit: Self.largestFile)
        } catch {
            throw LoadFailure(message: "plugin \(name) cannot be read: \(error)", file: spec.path)
        }
        note(source: text)
        try run(try compile(text))
        guard readOptions || !failures.isEmpty else {
            // No options{}: every line of the operator's is one too many.
            failures += spec.options.map {
                LoadFailure(message: Options.unknown($0.key, [], spec), file: $0.file, line: $0.line, column: $0.column)
            }
            return
        }
    }

    private func compile(_ text: [UInt8]) throws(LoadFailure) -> Int32 {
        let stack = builder
        let file = spec.path.split(separator: "/").last.map(String.init) ?? spec.path
        let status = text.withUnsafeBytes {
            halua_load(stack.pointer, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count, "@\(file)")
        }
        guard status == LUA_OK else {
            defer { stack.pop() }
            throw failure(stack.describe(-1))
        }
        return stack.keep()
    }

    private func run(_ chunk: Int32) throws(LoadFailure) {
        var reference: Int32 = 0
        guard let thread = halua_new_task(state, &reference) else { throw failure("not enough memory") }
        let task = Stack(pointer: thread)
        defer {
            halua_cancel(state, thread, limits.closing.wholeNanoseconds)
            release(reference)
            release(chunk)
        }
        task.pushKept(chunk)
        let end = Clock.monotonic + limits.loading.wholeNanoseconds
        var used: Int64 = 0
        var results: Int32 = 0
        while true {
            let left = max(1, end - Clock.monotonic)
            switch halua_resume(state, thread, 0, false, left, left, &used, &results) {
            case HALUA_DONE: return
            case HALUA_FAILED where halua_was_stopped(state): throw tookTooLong(task)
            case HALUA_FAILED:
                // A complaint about the configuration is the better message.
                if !failures.isEmpty { return }
                // The task's own stack may be full.
                task.move(1, to: builder)
                defer { builder.pop() }
                throw failure(ScriptError.explained(ScriptError.words(for: builder, -1), task, limits))
            default:
                if halua_was_stopped(state) || Clock.monotonic >= end { throw tookTooLong(task) }
            }
        }
    }

    private func tookTooLong(_ task: Stack) -> LoadFailure {
        var result = failure(
            "loading takes longer than \(Durations.describe(limits.loading)): do it in a task, or raise lua_loading_limit"
        )
        let at = place(of: task)
        if let line = at.split(separator: ":").last.flatMap({ Int($0) }) { result.line = line }
        return result
    }

    /// A message of Lua's, "mycat.lua:41: …", as a failure at that line of the file.
    private func failure(_ message: String) -> LoadFailure {
        let file = spec.path.split(separator: "/").last.map(String.init) ?? spec.path
        let parts = message.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        let path = parts[0] == file ? spec.path : modules.path(of: String(parts[0]))
        if parts.count == 3, let path, let line = Int(parts[1]) {
            return LoadFailure(message: String(parts[2].drop { $0 == " " }), file: path, line: line)
        }
        return LoadFailure(message: message, file: spec.path)
    }
}
