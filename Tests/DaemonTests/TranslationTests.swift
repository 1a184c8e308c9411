/// From the configuration's values to the core's.
import KeepalivedConf
import LuaHost
import Testing
import VRRPCore
import Wire

@testable import Daemon

private let here = SourceLocation(file: "halua.conf", line: 1, column: 1)

private func settings(_ change: (inout InstanceSettings) -> Void = { _ in }) -> InstanceSettings {
    var settings = InstanceSettings(name: "VI_1", location: here)
    settings.interface = "eth0"
    settings.virtualRouterID = 196
    settings.priority = 200
    change(&settings)
    return settings
}

private func registered(_ name: String, weight: Int?, rise: Int = 2, fall: Int = 3) -> RegisteredCheck {
    RegisteredCheck(
        name: name, interval: .seconds(1), timeout: .seconds(1), rise: rise, fall: fall, weight: weight, onBug: .keep)
}

@Suite struct TranslationTests {
    @Test("the operator's weight, rise and fall win over the plugin's, and the plugin's over the defaults")
    func precedence() {
        var own = TrackedLuaCheck(name: "mycat.backends", location: here)
        own.weight = -5
        own.fall = 9
        let plain = TrackedLuaCheck(name: "mycat.sql", location: here)
        let unknown = TrackedLuaCheck(name: "other.check", location: here)
        let settings = settings { $0.trackedChecks = [own, plain, unknown] }
        let context = TranslationContext(
            Configuration(), [registered("mycat.backends", weight: -20), registered("mycat.sql", weight: nil)])
        let checks = translate(settings, in: context).config.checks
        #expect(checks[0] == CheckConfig(name: "mycat.backends", weight: -5, rise: 2, fall: 9))
        #expect(checks[1] == CheckConfig(name: "mycat.sql", weight: 0, rise: 2, fall: 3))
        #expect(checks[2] == CheckConfig(name: "other.check", weight: 0, rise: 1, fall: 1))
    }

    @Test("what a sync group tracks, every member tracks, once")
    func groups() {
        var configuration = Configuration()
        var group = SyncGroupSettings(name: "G", members: ["VI_1"], location: here)
        group.trackedChecks = [TrackedLuaCheck(name: "a.b", location: here)]
        group.trackedInterfaces = [TrackedInterface(name: "eth1", weight: -10, isReversed: false)]
        configuration.syncGroups = [group]
        let settings = settings { $0.trackedChecks = [TrackedLuaCheck(name: "a.b", location: here)] }
        let translated = translate(settings, in: TranslationContext(configuration, []))
        #expect(translated.checkSources == [.lua("a.b")])
        #expect(translated.config.trackedInterfaces.map(\.name) == ["eth1"])
        #expect(translate(self.other, in: TranslationContext(configuration, [])).checkSources == [])
    }

    private var other: InstanceSettings { InstanceSettings(name: "VI_2", location: here) }

    @Test("an interface that is tracked without weight is a fault and not a priority")
    func unweightedInterface() {
        let settings = settings {
            $0.trackedInterfaces = [TrackedInterface(name: "eth1", weight: 0, isReversed: false)]
        }
        #expect(translate(settings, in: TranslationContext(Configuration(), [])).config.trackedInterfaces.isEmpty)
    }

    @Test("the receive policy demands the password in version 2 and nothing in version 3")
    func policy() {
        let password = Authentication.password(Password("Zf4aqy"))
        let two = translate(settings { $0.authentication = password }, in: TranslationContext(Configuration(), []))
        #expect(two.config.receive.authentication == password)
        let three = translate(
            settings {
                $0.authentication = password
                $0.version = .v3
            }, in: TranslationContext(Configuration(), []))
        #expect(three.config.receive.authentication == .none)
    }

    @Test("a check that no plugin registered is named with its line and with what there is")
    func unregistered() {
        var configuration = Configuration()
        let place = SourceLocation(file: "halua.conf", line: 12, column: 9)
        configuration.instances = [
            settings { $0.trackedChecks = [TrackedLuaCheck(name: "mycat.sqll", location: place)] }
        ]
        let failures = unregisteredChecks(configuration, [registered("mycat.sql", weight: nil)])
        #expect(
            failures.map(\.description) == [
                "halua.conf:12:9: no plugin registered the check mycat.sqll; it registers mycat.sql"
            ])
    }

    @Test("a check that several instances track is scheduled once")
    func scheduling() {
        var configuration = Configuration()
        var tracked = TrackedLuaCheck(name: "a.b", location: here)
        tracked.interval = .seconds(2)
        configuration.instances = [
            settings { $0.trackedChecks = [tracked] }, settings { $0.trackedChecks = [tracked] },
        ]
        #expect(schedules(configuration) == [CheckSchedule(name: "a.b", interval: .seconds(2))])
    }
}
