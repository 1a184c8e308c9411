/// A script engine with ears: runs Lua text as plugins and waits for what they say.
import Glibc
import LinuxIO
import LuaHost

/// An engine whose messages are collected, and temporary files that go away with it.
final class ScriptBench {
    let engine: ScriptEngine
    private let heard = Lock<[FromScript]>([])
    private let folder: String
    private var files: [String] = []
    private var directories: [String] = []
    private var bodies = 0

    init(limits: ScriptLimits = ScriptLimits()) {
        var template = Array("/tmp/halua-lua-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in buffer.baseAddress.map { mkdtemp($0) } ?? nil }
        precondition(made != nil, "a temporary directory can be made")
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        engine = ScriptEngine(limits: limits) { [heard] message in heard.withLock { $0.append(message) } }
    }

    deinit {
        engine.stop()
        for file in files { unlink(file) }
        for directory in directories.reversed() { rmdir(directory) }
        rmdir(folder)
    }

    /// Writes a file into the bench's directory; returns its path.
    func file(_ name: String, _ text: String) -> String {
        let path = "\(folder)/\(name)"
        let descriptor = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0o600)
        precondition(descriptor >= 0, "a temporary file can be written")
        var text = text
        _ = text.withUTF8 { write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
        files.append(path)
        return path
    }

    /// Writes a module into `lib` beside the plugins; the name may have one directory. Returns its path.
    @discardableResult
    func module(_ name: String, _ text: String) -> String {
        var wanted = ["\(folder)/lib"]
        if let slash = name.firstIndex(of: "/") { wanted.append("\(folder)/lib/\(name[..<slash])") }
        for directory in wanted where !directories.contains(directory) {
            mkdir(directory, 0o700)
            directories.append(directory)
        }
        return file("lib/\(name)", text)
    }

    func plugin(_ text: String, name: String = "p", options: [OptionLine] = []) -> PluginSpec {
        PluginSpec(name: name, path: file("\(name).lua", text), options: options, file: "halua.conf", line: 1)
    }

    /// Loads, or fails with all complaints joined.
    func load(_ plugins: PluginSpec...) throws(LoadFailures) -> LoadedGeneration {
        try ScriptEngine.load(plugins, limits: engine.limits).get()
    }

    /// Loads and starts every check of a plugin.
    func run(_ text: String, name: String = "p", instances: [InstanceSnapshot] = []) throws {
        start(try load(plugin(text, name: name)), instances: instances)
    }

    func start(_ generation: LoadedGeneration, instances: [InstanceSnapshot] = []) {
        engine.start(
            generation, checks: generation.checks.map { CheckSchedule(name: $0.name) }, instances: instances)
    }

    /// Runs the body of one check, once, and returns its result.
    func check(_ body: String, timeout: String = "5s", instances: [InstanceSnapshot] = []) throws -> CheckResult? {
        // A name of its own, so that no late result of an earlier body is taken for this one's.
        bodies += 1
        let name = "c\(bodies)"
        try run(
            """
            local ran halua.check{name='\(name)', interval=60, timeout='\(timeout)', run=function(ctx) \
            if ran then return true end ran = true
            \(body)
            end}
            """,
            instances: instances)
        return result(of: "p.\(name)")
    }

    // MARK: Listening

    var messages: [FromScript] { heard.withLock { $0 } }
    func clear() { heard.withLock { $0 = [] } }

    /// Waits until a message matches; the bound is for failures, and longer than any script of a test may take.
    func wait<Value>(seconds: Double = 60, _ match: (FromScript) -> Value?) -> Value? {
        let end = Clock.monotonic + Int64(seconds * 1e9)
        var seen = 0
        repeat {
            let all = messages
            while seen < all.count {
                if let value = match(all[seen]) { return value }
                seen += 1
            }
            usleep(1_000)
        } while Clock.monotonic < end
        return nil
    }

    /// The first result of a check.
    func result(of name: String) -> CheckResult? {
        wait { if case .checkResult(name, let result, _) = $0 { result } else { nil } }
    }

    /// Waits for that many results of a check.
    func results(of name: String, _ count: Int) -> [CheckResult] {
        _ = wait { [self] _ in allResults(of: name).count >= count ? true : nil }
        return allResults(of: name)
    }

    private func allResults(of name: String) -> [CheckResult] {
        messages.compactMap { if case .checkResult(name, let result, _) = $0 { result } else { nil } }
    }

    /// The first log message that contains a text.
    func logged(_ text: String) -> String? {
        wait { message in
            if case .log(_, _, let line, _) = message, line.contains(text) { line } else { nil }
        }
    }

    /// Waits for that many log messages.
    func lines(_ count: Int) -> [String] {
        _ = wait { [self] _ in log.count >= count ? true : nil }
        return log
    }

    /// All log messages so far.
    var log: [String] {
        messages.compactMap { if case .log(_, _, let line, _) = $0 { line } else { nil } }
    }
}

func snapshot(_ name: String, state: String = "BACKUP", priority: Int = 100) -> InstanceSnapshot {
    InstanceSnapshot(
        name: name, state: state, priority: priority, basePriority: 100, interface: "eth0",
        virtualAddresses: ["192.0.2.1"], peers: ["192.0.2.9"], sinceNanoseconds: 0)
}

func transition(_ name: String, _ sequence: UInt64, from: String = "BACKUP", to: String = "MASTER") -> ToScript {
    .transition(
        TransitionMessage(
            instance: snapshot(name, state: to), from: from, to: to, reason: "master_down", sentence: "because",
            sequence: sequence, atNanoseconds: 0))
}
