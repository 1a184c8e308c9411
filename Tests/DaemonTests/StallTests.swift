/// A script thread that hangs: when it is given up, and what that means for the node.
import KeepalivedConf
import LinuxIO
import Logging
import LuaHost
import Testing

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
}
