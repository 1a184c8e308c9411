/// The Lua state in which a test file runs: tasks, time and connections as a plugin has them, and the words of a test.
import CLua
import CLuaGlue
import LinuxIO

/// Who does what a test asks for.
package protocol TestStage: AnyObject {
    /// Does something at once. Throws: a sentence for the writer of the test.
    func perform(_ word: String, _ arguments: [PlainValue]) throws(TestComplaint) -> [PlainValue]
    /// Does something that takes time of the played world; `finish` is called once, from outside of every script.
    func begin(
        _ word: String, _ arguments: [PlainValue],
        _ finish: @escaping (Result<[PlainValue], TestComplaint>) -> Void)
}

/// Something that cannot be done as the test wants it.
package struct TestComplaint: Error, Hashable, Sendable, CustomStringConvertible {
    package var sentence: String
    package var description: String { sentence }
    package init(_ sentence: String) { self.sentence = sentence }
}

/// How a function of a test ended.
package enum TestOutcome: Hashable, Sendable {
    case returned(PlainValue)
    /// The message and where.
    case failed(String)
}

package final class TestProgram {
    private let program: Program
    private let scheduler: Scheduler
    private weak var stage: (any TestStage)?
    private let loop: EventLoop
    private var questions: [Int: WorldQuestion] = [:]
    private var lastQuestion = 0
    /// Told of a failure in what the test plays; nobody waits for those tasks.
    package var worldFailed: ((String) -> Void)?
    /// Told what the test logs or prints.
    package var said: ((String) -> Void)?

    /// A test may compute longer than a check: it is run by hand.
    private static func limits() -> ScriptLimits {
        var limits = ScriptLimits()
        limits.computing = .seconds(10)
        limits.loading = .seconds(10)
        return limits
    }

    /// Throws when there is no memory for a state.
    package init(loop: EventLoop, path: String, stage: any TestStage) throws(LoadFailure) {
        self.loop = loop
        self.stage = stage
        let limits = Self.limits()
        let said = Said()
        scheduler = Scheduler(
            loop: loop, limits: limits, lapses: Lapses(loop: loop, post: { _ in }),
            post: { message in
                if case .log(_, _, let text, _) = message { said.tell?(text) }
            }, note: { _ in })
        program = try Program(
            PluginSpec(name: "test", path: path), limits: limits, functions: TestBindings.all, loop: loop)
        program.scheduler = scheduler
        program.test = self
        said.tell = { [weak self] in self?.said?($0) }
    }

    private final class Said {
        var tell: ((String) -> Void)?
    }

    // MARK: Running

    /// Compiles a text and runs it as a task; `finish` is told what it returned or why it failed.
    package func run(text: [UInt8], name: String, _ finish: @escaping (TestOutcome) -> Void) {
        let stack = program.builder
        let status = text.withUnsafeBytes {
            halua_load(stack.pointer, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count, name)
        }
        guard status == LUA_OK else {
            defer { stack.pop() }
            return finish(.failed(stack.describe(-1)))
        }
        start(stack.keep(), [], finish)
    }

    /// Calls a function that the test gave by a word of the library.
    package func call(_ function: Int32, _ arguments: [PlainValue], _ finish: @escaping (TestOutcome) -> Void) {
        start(function, arguments, finish)
    }

    private func start(_ function: Int32, _ arguments: [PlainValue], _ finish: @escaping (TestOutcome) -> Void) {
        let task = scheduler.start(
            program, name: "test", function: function, timeout: nil,
            arguments: { stack in
                _ = stack.reserve(Int32(arguments.count) + 8)
                for argument in arguments { argument.push(on: stack) }
                return Int32(arguments.count)
            },
            onEnd: { task, outcome in
                switch outcome {
                case .returned(let count):
                    finish(.returned(count > 0 ? PlainValue(task.stack, -count) ?? .null : .null))
                case .failed(let error): finish(.failed(error.description))
                case .broken(let message), .stopped(let message): finish(.failed(message))
                case .cancelled: finish(.failed("it was cancelled"))
                }
            })
        if task == nil { finish(.failed("the test has \(scheduler.limits.tasks) tasks already")) }
    }

    /// Cancels everything and closes every connection.
    package func end() {
        scheduler.cancelAll()
        program.releaseObjects()
        questions = [:]
    }

    // MARK: The world's questions

    /// Gives a question of a plugin to the function that plays the world.
    package func ask(_ question: WorldQuestion) {
        guard let handler else {
            return question.fail("denied", "the test's world has not begun")
        }
        lastQuestion += 1
        let ticket = lastQuestion
        questions[ticket] = question
        let arguments: [PlainValue] = [.integer(ticket), .text(question.node), .text(question.path)]
        call(handler, arguments + question.arguments) { [weak self] outcome in
            self?.questions[ticket] = nil
            guard case .failed(let message) = outcome else { return }
            question.fail("denied", "the test's world failed: \(message)")
            self?.worldFailed?(message)
        }
    }

    /// The test's function that answers questions.
    fileprivate var handler: Int32?

    fileprivate func perform(_ call: HostCall, _ word: String, _ arguments: [PlainValue]) throws(ScriptFault)
        -> HostReturn
    {
        guard let stage else { throw ScriptFault("the test is over") }
        do throws(TestComplaint) {
            let values = try stage.perform(word, arguments)
            for value in values { value.push(on: call.stack) }
            return .values(Int32(values.count))
        } catch {
            throw ScriptFault(error.sentence)
        }
    }

    fileprivate func begin(_ call: HostCall, _ word: String, _ arguments: [PlainValue]) throws(ScriptFault)
        -> HostReturn
    {
        guard let stage else { throw ScriptFault("the test is over") }
        return try call.wait(word) { wakeup in
            stage.begin(word, arguments) { result in
                switch result {
                case .success(let values):
                    wakeup.resume { stack in
                        for value in values { value.push(on: stack) }
                        return Int32(values.count)
                    }
                case .failure(let complaint): wakeup.raise(complaint.sentence)
                }
            }
            return {}
        }
    }

    fileprivate func question(_ ticket: Int) -> WorldQuestion? { questions[ticket] }

    fileprivate func connection(_ socket: StreamSocket, _ peer: String) -> Connection {
        Connection(socket, peer: peer, loop: loop)
    }
}

/// The functions of a test's state: parts of the API, and the words on which the library `halua.test` stands.
enum TestBindings {
    private static let nouns: Set<String> = [
        "sleep", "spawn", "all", "any", "with_timeout", "Task", "Connection", "Error", "json", "crypto", "base64",
        "log",
        "print", "now", "time", "require_api", "require", "Module",
    ]

    static let all: [HostFunction] =
        Bindings.all.filter { function in nouns.contains(String(function.path.prefix { $0 != "." && $0 != ":" })) }
        + [
            HostFunction("test.perform", .running, body: perform),
            HostFunction("test.wait", .running, waits: true, body: wait),
            HostFunction("test.handle", .running, body: handle),
            HostFunction("test.keep", .running, body: keep),
            HostFunction("test.answer", .running, body: answer),
            HostFunction("test.fail", .running, body: fail),
            HostFunction("test.accept", .running, body: accept),
        ]

    private static func test(_ call: HostCall) throws(ScriptFault) -> TestProgram {
        guard let test = call.program.test else { throw ScriptFault("the test is over") }
        return test
    }

    private static func arguments(_ call: HostCall, from first: Int32) throws(ScriptFault) -> [PlainValue] {
        guard first <= call.stack.count else { return [] }
        var values: [PlainValue] = []
        for index in first...call.stack.count {
            guard let value = PlainValue(call.stack, index) else {
                throw ScriptFault("argument \(index - first + 1) must be plain data, not \(call.stack.describe(index))")
            }
            values.append(value)
        }
        return values
    }

    private static func perform(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        try test(call).perform(call, call.string(1, "a word"), arguments(call, from: 2))
    }

    private static func wait(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        try test(call).begin(call, call.string(1, "a word"), arguments(call, from: 2))
    }

    /// handle(function): it answers what plugins ask of the world.
    private static func handle(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        try call.function(1)
        call.stack.pushCopy(of: 1)
        try test(call).handler = call.stack.keep()
        return .values(0)
    }

    /// keep(function) → a number by which Swift can call it.
    private static func keep(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        try call.function(1)
        call.stack.pushCopy(of: 1)
        call.stack.push(Int(call.stack.keep()))
        return .values(1)
    }

    private static func question(_ call: HostCall) throws(ScriptFault) -> WorldQuestion? {
        try test(call).question(call.integer(1, "the number of a question"))
    }

    /// answer(ticket, value…)
    private static func answer(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        try question(call)?.answer(arguments(call, from: 2))
        return .values(0)
    }

    /// fail(ticket, kind, message)
    private static func fail(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        try question(call)?.fail(
            call.string(2, "a kind"), call.string(3, "a message"), code: call.stack.integer(4))
        return .values(0)
    }

    /// accept(ticket, name) → the far end of the plugin's connection; nothing when the plugin has given up.
    private static func accept(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        guard let socket = try question(call)?.connect() else { return .values(0) }
        let connection = try test(call).connection(socket, call.string(2, "a name"))
        guard call.program.pushHandle(connection, on: call.stack) != nil else {
            throw ScriptFault("the test holds too many connections")
        }
        return .values(1)
    }
}
