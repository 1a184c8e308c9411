/// The guard's settings in the core's words.
import KeepalivedConf
import LuaHost
import Testing
import VRRPCore

@testable import Daemon

@Suite struct GuardTranslationTests {
    private func translated(_ change: (inout GuardSettings) -> Void) -> GuardConfig? {
        var settings = InstanceSettings(name: "VI_1", location: SourceLocation(file: "halua.conf", line: 1, column: 1))
        change(&settings.guardSettings)
        return translate(settings, in: TranslationContext(Configuration(), [])).config.guarding
    }

    @Test("the guard is on unless it is switched off, with the core's own defaults")
    func defaults() {
        #expect(translated { _ in } == GuardConfig())
        #expect(translated { $0.isOn = false } == nil)
    }

    @Test("each word of the configuration arrives")
    func words() {
        var config = GuardConfig()
        config.probes = false
        config.longestHold = .seconds(7)
        config.releaseGrace = .milliseconds(250)
        config.foreignClaim = .block
        config.deafPeer = .defend
        config.obeysTap = false
        let settings = translated {
            $0.probes = false
            $0.holdMaximum = .seconds(7)
            $0.releaseGrace = .milliseconds(250)
            $0.foreignClaim = .block
            $0.deafPeer = .defend
            $0.tap = .logOnly
        }
        #expect(settings == config)
    }
}
