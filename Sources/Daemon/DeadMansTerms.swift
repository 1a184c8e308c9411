/// How long the kernel goes on serving the addresses of a daemon that it does not hear from.
import KeepalivedConf
import LinuxIO
import VRRPCore

/// The terms for the addresses of one instance. They follow from its configuration and from the kernel's tick.
///
/// The other nodes wait for so many adverts before they take over. An address that lives as long after each advert is
/// gone when they serve it, and a node that they still believe in keeps it. So renewals go with adverts, and a stalled
/// loop renews nothing.
package struct DeadMansTerms: Hashable, Sendable {
    /// The kernel removes an address this long after its last renewal, up to 0.4 s late, for it counts whole seconds in
    /// its own time; nil: never.
    package var lifetime: Duration?
    /// The fence of nftables closes this long after the last advert; nil: there is none.
    package var opening: Duration?

    package static let none = DeadMansTerms(lifetime: nil, opening: nil)

    /// Lifetimes are renewed with the first advert after this span. A quarter of a lifetime that is longer than the
    /// interval leaves time for three more tries.
    package var pace: Duration { (lifetime ?? .zero) / 4 }

    /// How long addresses are fenced at all after a renewal: until the kernel has removed them for certain. Then the
    /// fence is nobody's trouble, even if nobody is left to take it away. nil: as long as the fence stands.
    package var guarding: Duration? { lifetime.map { $0 + .seconds(3) } }

    package init(lifetime: Duration?, opening: Duration?) {
        self.lifetime = lifetime
        self.opening = opening
    }

    /// `canFence`: this kernel has nftables. `tick`: by how much its timeouts may be late.
    package init(_ settings: InstanceSettings, canFence: Bool, tick: Duration = Clock.tick) {
        // The owner's addresses are the host's own: they stay when the daemon goes.
        guard settings.guardSettings.isOn, settings.priority != 255 else {
            self = .none
            return
        }
        let patience = settings.interval * settings.downTimerAdverts
        // With down_timer_adverts 1 every jitter of an advert would be a lost address.
        let least = settings.interval * 3 / 2
        let isFenced = canFence && settings.isFenced
        opening = isFenced ? max(patience - tick, least) : nil
        guard settings.guardSettings.hasDeadMan else { return }
        let shortest: Int64 = isFenced || settings.interval >= .seconds(1) ? 2 : 1
        lifetime = .seconds(max(shortest, patience.components.seconds, Self.wholeSeconds(least)))
    }

    /// Rounded up.
    private static func wholeSeconds(_ span: Duration) -> Int64 {
        span.components.seconds + (span.components.attoseconds > 0 ? 1 : 0)
    }
}
