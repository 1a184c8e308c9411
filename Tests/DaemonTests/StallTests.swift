/// A script thread that hangs: when it is given up, and what that means for the node.
import KeepalivedConf
import LinuxIO
import Logging
import LuaHost
import Testing
import VRRPCore

@testable import Daemon

@Suite struct StallTests {
    /// What a keeper asked for.
    private final class Asked {
        var replacements: [Bool] = []
        var holds: [String?] = []
    }

    private func keeper(
        _ action: LuaSettings.StallAction, on loop: EventLoop, _ asked: Asked
    ) -> StallKeeper {
        var settings = LuaSettings()
        settings.stallAction = action
        let keeper = StallKeeper(
            loop: loop, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, settings: settings)
        keeper.begin(
            .init(
                isNeeded: { true }, running: { "mycat.greeting" }, replace: { asked.replacements.append($0) },
                hold: { asked.holds.append($0) }))
        return keeper
    }

    private func handLoop() throws -> EventLoop {
        try EventLoop(handClock: HandClock(start: 1_000_000_000, wallStart: 0))
    }

    private func advance(_ loop: EventLoop, _ span: Duration) {
        let end = loop.now + span.wholeNanoseconds
        while let next = loop.nextDeadline, next <= end {
            loop.crank(to: max(next, loop.now))
            loop.turn(maximumWait: .zero)
        }
        loop.crank(to: end)
    }

    @Test("a stall that freezes gives the thread up and holds nobody in FAULT")
    func freeze() throws {
        let loop = try handLoop()
        let asked = Asked()
        let keeper = keeper(.freeze, on: loop, asked)
        advance(loop, .seconds(10))
        #expect(asked.replacements.isEmpty)
        advance(loop, .seconds(2))
        #expect(asked.replacements == [true])
        #expect(asked.holds.isEmpty)
        withExtendedLifetime(keeper) {}
    }

    @Test("a stall that is a fault says what hung, and ends with the next sign of life")
    func fault() throws {
        let loop = try handLoop()
        let asked = Asked()
        let keeper = keeper(.fault, on: loop, asked)
        advance(loop, .seconds(12))
        #expect(asked.holds == ["the script thread has been silent for 11 s inside mycat.greeting"])
        keeper.hearSignOfLife()
        keeper.hearSignOfLife()
        #expect(asked.holds.count == 2)
        #expect(asked.holds.last == .some(nil))
    }

    @Test("a thread that stalls again and again is not replaced for ever")
    func repeated() throws {
        let loop = try handLoop()
        let asked = Asked()
        let keeper = keeper(.freeze, on: loop, asked)
        advance(loop, .seconds(60))
        #expect(asked.replacements.prefix(4) == [true, true, true, false])
        withExtendedLifetime(keeper) {}
    }

    @Test("without keywords the scripts have the limits of the engine")
    func standardLimits() {
        #expect(scriptLimits(LuaSettings()) == ScriptLimits())
    }

    @Test("commands of plugins run as the configured user")
    func commandUser() {
        var settings = LuaSettings()
        settings.commandUser = ScriptUser(name: "check")
        #expect(scriptLimits(settings).commandUser == "check")
        settings.commandUser = ScriptUser(name: "check", group: "probes")
        #expect(scriptLimits(settings).commandUser == "check:probes")
    }

    @Test("hooks of the end have the time that the configuration gives them, and no more")
    func stopTimeout() throws {
        let loop = try handLoop()
        let sink = Sink()
        let bridge = try silentBridge(LuaSettings(), on: loop, sink)
        var limits = ScriptLimits()
        limits.stopping = .seconds(5)
        bridge.start(try ScriptEngine.load([], limits: limits).get(), specs: [Self.plugin], schedules: [])
        var isDone = false
        bridge.runShutdownHooks { isDone = true }
        advance(loop, .seconds(5))
        #expect(!isDone)
        advance(loop, .seconds(1))
        #expect(isDone)
    }

    @Test("a FAULT for a thread that hangs ends with the last plugin")
    func lastPlugin() throws {
        let loop = try handLoop()
        let sink = Sink()
        var settings = LuaSettings()
        settings.stallAction = .fault
        let bridge = try silentBridge(settings, on: loop, sink)
        let empty = ScriptEngine.load([])
        bridge.setInstances([(id: InstanceID(0), name: "VI_1", checks: [.lua("p.c")])])
        bridge.start(try empty.get(), specs: [Self.plugin], schedules: [])
        advance(loop, .seconds(12))
        let cause = FaultCause.demoted(key: "lua_stall", reason: "the script thread has been silent for 11 s")
        #expect(sink.inputs == [.faultBegan(cause)])
        bridge.start(try empty.get(), specs: [], schedules: [])
        #expect(sink.inputs == [.faultBegan(cause), .faultEnded(cause)])
    }

    private static let plugin = PluginSpec(name: "p", path: "p.lua")

    private func silentBridge(
        _ settings: LuaSettings, on loop: EventLoop, _ sink: Sink
    ) throws(IOFailure) -> ScriptBridge {
        try ScriptBridge(
            loop: loop, settings: settings, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, sink: sink
        ) { _, _ in SilentRunner() }
    }
}

/// What the core was told.
private final class Sink: InputSink {
    var inputs: [Input] = []
    func feed(_ input: Input, to id: InstanceID) { inputs.append(input) }
}

/// An engine whose thread hangs from the beginning.
private final class SilentRunner: ScriptRunner {
    var running: (name: String, sinceNanoseconds: Int64)? { nil }
    func start(_ generation: LoadedGeneration, checks: [CheckSchedule], instances: [InstanceSnapshot]) {}
    func loadInBackground(_ plugins: [PluginSpec], token: UInt64) {}
    func send(_ message: ToScript) {}
    func stop() {}
    func abandon() {}
}
