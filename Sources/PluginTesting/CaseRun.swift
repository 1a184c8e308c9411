/// One case of a test file: its own world, its own Lua state, and what came of it.
import LinuxIO
import LuaHost

/// What came of one case.
package struct CaseResult: Hashable, Sendable {
    package var name: String
    /// nil when it passed; else the message, with the line of the test, and what led there.
    package var failure: Failure?
    /// The real time it took, and the time that was played.
    package var took: Duration
    package var played: Duration

    package struct Failure: Hashable, Sendable {
        package var message: String
        package var timeline: [String]
    }
}

/// The library, the file and the world in which one of its cases runs.
struct CaseRun {
    private let stage: Stage
    private let program: TestProgram
    private let said: Said

    private final class Said {
        var worldFailures: [String] = []
    }

    /// Throws: what is wrong with the file, or with the machine.
    init(file: TestFile, limit: Duration) throws(TestComplaint) {
        do throws(IOFailure) {
            stage = Stage(playground: try Playground(limit: limit), directories: file.directories)
        } catch {
            throw TestComplaint("a test cannot be played: \(error)")
        }
        do throws(LoadFailure) {
            program = try TestProgram(loop: stage.playground.loop, path: file.path, stage: stage)
        } catch {
            throw TestComplaint(error.description)
        }
        let said = Said()
        self.said = said
        let (timeline, program) = (stage.playground.timeline, program)
        program.said = { timeline.add("test", $0) }
        program.worldFailed = { said.worldFailures.append($0) }
        stage.asked = { program.ask($0) }
    }

    /// Runs the library and the file. Returns the functions of the library: "list" and "run".
    func load(_ file: TestFile) throws(TestComplaint) -> PlainValue {
        let library = try run(PackageResources.test_lua, "=halua.test")
        _ = try run(file.text, "@\(file.name)")
        return library
    }

    private func run(_ text: [UInt8], _ name: String) throws(TestComplaint) -> PlainValue {
        try finish { program.run(text: text, name: name, $0) }
    }

    /// Calls a function of the library.
    func call(_ function: PlainValue, _ arguments: [PlainValue]) throws(TestComplaint) -> PlainValue {
        try finish { program.call(Int32(clamping: function.integer ?? 0), arguments, $0) }
    }

    /// Plays until what was begun has ended.
    private func finish(_ begin: (@escaping (TestOutcome) -> Void) -> Void) throws(TestComplaint) -> PlainValue {
        let end = End()
        begin { end.outcome = $0 }
        try stage.play { end.outcome != nil }
        switch end.outcome {
        case .returned(let value): return value
        case .failed(let message): throw TestComplaint(message)
        case nil: throw TestComplaint("it came to no end")
        }
    }

    private final class End {
        var outcome: TestOutcome?
    }

    /// What the test did not describe or played wrongly, although its own expectations were met.
    var complaints: [String] { stage.complaints + said.worldFailures }

    var timeline: Timeline { stage.playground.timeline }
    var elapsed: Int64 { stage.playground.elapsed }

    /// Closes everything.
    func end() {
        stage.playground.end()
        program.end()
    }
}
