/// A reload of plugins over the real core and the real engine, with a clock that is moved by hand.
import Glibc
import KeepalivedConf
import LinuxIO
import Logging
import LuaHost
import Testing
import VRRPCore
import Wire

@testable import Daemon

/// One instance in the core, the bridge to its scripts, and files that go away.
private final class BridgeBench: InputSink {
    let loop: EventLoop
    let book = LogBook()
    var router = Router()
    let id: InstanceID
    private(set) var transitions: [String] = []
    private var bridge: ScriptBridge?
    private var config: InstanceConfig
    private let folder: String
    private var checks: [String] = []

    init() throws {
        loop = try EventLoop(handClock: HandClock(start: 1_000_000_000, wallStart: 0))
        config = InstanceConfig(
            name: "VI_1", version: .v3, family: .ipv4, virtualRouterID: 1, basePriority: 200, interval: .seconds(1))
        id = router.add(config)
        var template = Array("/tmp/halua-bridge-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in buffer.baseAddress.map { mkdtemp($0) } ?? nil }
        precondition(made != nil, "a temporary directory can be made")
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let book = book
        let loop = loop
        let bridge = try ScriptBridge(
            loop: loop, settings: LuaSettings(), logger: Logger(label: "test") { _ in book }, sink: self
        ) { limits, post in DirectEngine(loop: loop, limits: limits, post: post) }
        bridge.snapshots = { [unowned self] in [snapshot(of: router[id], interface: "eth0")] }
        self.bridge = bridge
        feed(.startup, to: id)
    }

    deinit {
        unlink("\(folder)/p.lua")
        rmdir(folder)
    }

    func feed(_ input: Input, to id: InstanceID) {
        var effects: [AddressedEffect] = []
        router.handle(input, for: id, now: Time(nanoseconds: loop.now), into: &effects)
        for case .publish(.transition(let from, let to, let reason, let sequence)) in effects.map(\.effect) {
            transitions.append("\(from.name) \(to.name)")
            bridge?.send(
                TransitionMessage(
                    instance: snapshot(of: router[id], interface: "eth0"), from: from.name, to: to.name,
                    reason: reason.word, sentence: "", sequence: sequence, atNanoseconds: loop.now))
        }
    }

    /// What a reload does: load beside the running generation, then take all of it or nothing. Returns the failures.
    @discardableResult
    func reload(_ text: String?, tracking names: [String] = []) -> [String] {
        var specs: [PluginSpec] = []
        if let text {
            let path = "\(folder)/p.lua"
            let file = fopen(path, "w")
            fputs(text, file)
            fclose(file)
            specs = [PluginSpec(name: "p", path: path)]
        }
        switch ScriptEngine.load(specs) {
        case .failure(let failures): return failures.failures.map(\.description)
        case .success(let generation):
            var configuration = Configuration()
            var settings = InstanceSettings(
                name: "VI_1", location: SourceLocation(file: "halua.conf", line: 1, column: 1))
            settings.trackedChecks = names.map { TrackedLuaCheck(name: $0, location: settings.location) }
            configuration.instances = [settings]
            config.checks = translate(settings, in: TranslationContext(configuration, generation.checks)).config.checks
            feed(.reconfigure(config), to: id)
            bridge?.setInstances([(id: id, name: "VI_1", checks: names.map { CheckSource.lua($0) })])
            let ready = ReadyConfiguration(configuration: configuration, specs: specs, generation: generation)
            bridge?.listen(to: listenedChecks(ready))
            bridge?.start(
                generation, specs: specs, schedules: schedules(configuration, listened: generation.listenedChecks))
            bridge?.sayReloaded(["plugins changed"])
            pass(.zero)
            return []
        }
    }

    func pass(_ span: Duration) {
        let end = loop.now + span.wholeNanoseconds
        _ = loop.settle(turns: 100)
        while let next = loop.nextDeadline, next <= end {
            loop.crank(to: max(next, loop.now))
            _ = loop.settle(turns: 100)
        }
        loop.crank(to: end)
    }

    var instance: Instance { router[id] }
}

@Suite struct ScriptReloadTests {
    private static let passing = "halua.check{name='c', interval='2s', run=function() return true end}\n"

    @Test("a plugin that cannot be loaded leaves everything as it is, and says file and line")
    func refused() throws {
        let bench = try BridgeBench()
        bench.reload(
            "halua.check{name='c', interval='2s', run=function() print('old') return true end}", tracking: ["p.c"])
        for (text, wanted) in [
            ("\nlocal x = = 1", "p.lua:2: unexpected symbol near '='"),
            (
                "\n\nhalua.sleep(1)",
                "p.lua:3: sleep: works inside of checks, hooks and tasks, not while the plugin is loaded"
            ),
            ("halua.check{nme='c'}", "p.lua:1: check: there is no field \"nme\" (did you mean \"name\"?)"),
            ("error({})", "p.lua: the error value is a table without a message"),
        ] {
            let found = bench.reload(text, tracking: ["p.c"])
            #expect(found.count == 1)
            #expect(found.first?.hasSuffix(wanted) == true, "\(found)")
        }
        bench.book.lines = []
        bench.pass(.seconds(4))
        #expect(bench.book.lines.filter { $0 == "old" }.count == 2)
    }

    @Test("a check of the same name keeps its state, its counts and its phase, and nothing moves")
    func kept() throws {
        let bench = try BridgeBench()
        let failing = "halua.check{name='c', interval='10s', fall=3, run=function() return %s, 'no' end}"
        func version(_ result: String) -> String { failing.split(separator: "%s").joined(separator: result) }
        bench.reload(version("true"), tracking: ["p.c"])
        #expect(bench.transitions == ["INIT BACKUP"])
        // Two failures of three with the second generation, the third with the next one.
        bench.reload(version("false"), tracking: ["p.c"])
        bench.pass(.seconds(15))
        #expect(bench.transitions == ["INIT BACKUP"])
        bench.reload(version("false"), tracking: ["p.c"])
        #expect(bench.transitions == ["INIT BACKUP"])
        bench.pass(.seconds(10))
        #expect(bench.transitions == ["INIT BACKUP", "BACKUP FAULT"])
    }

    @Test("a check that is removed while it is down no longer counts")
    func removed() throws {
        let bench = try BridgeBench()
        let text = "halua.check{name='w', interval='1s', weight=-50, run=function() return false end}"
        bench.reload(text, tracking: ["p.w"])
        #expect(bench.instance.priority == 150)
        bench.reload("local x = 1")
        #expect(bench.instance.priority == 200)
    }

    @Test("requests stay for a check's interval and timeout after a reload, then go unless they were repeated")
    func requests() throws {
        let bench = try BridgeBench()
        let text = """
            halua.check{name='c', interval='6s', timeout='1s', run=function()
              local vi = halua.instance 'VI_1'
              %s
              return true
            end}
            """
        func version(_ body: String) -> String { text.split(separator: "%s").joined(separator: body) }
        bench.reload(
            version("vi:adjust_priority('a', -10, 'x') vi:adjust_priority('b', -5, 'x') vi:demote('d', 'x')"),
            tracking: ["p.c"])
        bench.pass(.seconds(1))
        #expect(bench.instance.priority == 185)
        #expect(bench.instance.state == .fault)
        bench.reload(version("vi:adjust_priority('a', -10, 'x')"), tracking: ["p.c"])
        bench.pass(.milliseconds(6_900))
        #expect(bench.instance.priority == 185)
        #expect(bench.instance.state == .fault)
        bench.pass(.milliseconds(200))
        #expect(bench.instance.priority == 190)
        #expect(bench.instance.state == .backup)
        bench.pass(.seconds(60))
        #expect(bench.instance.priority == 190)
    }

    @Test("requests of a plugin that is gone are taken back at once")
    func gone() throws {
        let bench = try BridgeBench()
        bench.reload(
            "halua.check{name='c', run=function() halua.instance('VI_1'):demote('d', 'x') return true end}",
            tracking: ["p.c"])
        #expect(bench.instance.state == .fault)
        bench.reload(nil)
        #expect(bench.instance.state == .backup)
    }

    @Test("a demotion that is repeated does not move the instance to and fro")
    func idempotent() throws {
        let bench = try BridgeBench()
        bench.reload(
            """
            halua.check{name='c', interval='1s', run=function(ctx)
              halua.instance('VI_1'):demote('d', 'run ' .. ctx.run // 3)
              return true
            end}
            """, tracking: ["p.c"])
        bench.pass(.seconds(10))
        #expect(bench.transitions == ["INIT FAULT"] || bench.transitions == ["INIT BACKUP", "BACKUP FAULT"])
        #expect(bench.instance.faults.count == 1)
    }

    @Test("on.check is told after rise and fall, and once more after a reload what the check says then")
    func onCheck() throws {
        let bench = try BridgeBench()
        let text = """
            halua.check{name='c', interval='1s', fall=2, run=function(ctx) return ctx.run < 3, 'run ' .. ctx.run end}
            halua.on.check('c', function(ev) print('heard', ev.state, ev.ok, ev.reason, ev.seq) end)
            """
        // No instance tracks it: the hook alone makes it run.
        bench.reload(text)
        bench.pass(.seconds(6))
        #expect(
            bench.book.lines.filter { $0.hasPrefix("heard") } == [
                "heard\tup\ttrue\t\t1", "heard\tdown\tfalse\trun 4\t2",
            ])
        bench.book.lines = []
        bench.reload(
            "halua.check{name='c', interval='1s', fall=2, run=function() return false, 'still' end}\nhalua.on.check(function(ev) print('again', ev.state, ev.reason) end)"
        )
        bench.pass(.seconds(3))
        #expect(bench.book.lines.filter { $0.hasPrefix("again") } == ["again\tdown\tstill"])
    }

    @Test("a bug in a check is news for on.check, and what was in force stays")
    func onCheckBug() throws {
        let bench = try BridgeBench()
        bench.reload(
            """
            halua.check{name='c', interval='1s', run=function(ctx) if ctx.run > 1 then error('odd') end return true end}
            halua.on.check(function(ev) print('heard', ev.state, ev.ok, ev.reason) end)
            """)
        bench.pass(.seconds(4))
        #expect(
            bench.book.lines.filter { $0.hasPrefix("heard") } == [
                "heard\tup\ttrue\t", "heard\terror\ttrue\tp.lua:1: odd",
            ])
    }

    @Test("on.reload of the new generation hears what has changed")
    func onReload() throws {
        let bench = try BridgeBench()
        bench.reload("halua.on.reload(function(ev) print('old', ev.seq) end)")
        bench.reload("halua.on.reload(function(ev) print('new', ev.seq, ev.changes[1]) end)")
        #expect(
            bench.book.lines.filter { $0.hasPrefix("old") || $0.hasPrefix("new") } == [
                "old\t1", "new\t2\tplugins changed",
            ])
    }
}
