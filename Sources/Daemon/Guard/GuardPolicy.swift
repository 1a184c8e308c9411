/// From the operator's words about the guard to the core's.
import KeepalivedConf
import VRRPCore

extension GuardConfig {
    /// nil: the guard is off, and the instance is plain VRRP.
    package init?(_ settings: GuardSettings) {
        guard settings.isOn else { return nil }
        self.init()
        probes = settings.probes
        longestHold = settings.holdMaximum
        releaseGrace = settings.releaseGrace
        obeysTap = settings.tap == .process
        foreignClaim =
            switch settings.foreignClaim {
            case .takeover: .takeOver
            case .block: .block
            }
        deafPeer =
            switch settings.deafPeer {
            case .yield: .yield
            case .defend: .defend
            }
    }
}
