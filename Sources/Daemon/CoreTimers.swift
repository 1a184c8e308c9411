/// The core's timers on the loop: (instance, timer) ↔ a dense number, so that arming one allocates nothing.
import LinuxIO
import VRRPCore

/// Keeps the deadlines of all instances. The loop waits for the nearest and calls `fire`, last in its turn.
///
/// Adverts come first. Of everything else a turn gets a limited share: where hundreds of instances miss their master at
/// once, those that have become master advertise on time while the others are still at it.
package final class CoreTimers: TimerSource {
    private static let kinds = VRRPCore.Timer.allCases.count
    /// Timers besides those of adverts that one turn handles. A promotion takes some 0.1 ms with all that belongs to it.
    package static let mostPerTurn = 32

    private var adverts = TimerQueue(capacity: 64)
    private var others = TimerQueue(capacity: 256)
    /// Who gets a timer that is due.
    package var expired: ((InstanceID, VRRPCore.Timer) -> Void)?
    /// Called once after all timers of a turn, so that what they caused is done in one go.
    package var finished: (() -> Void)?

    package init() {}

    package var nextDeadline: Int64? {
        guard let advert = adverts.nextDeadline else { return others.nextDeadline }
        return others.nextDeadline.map { min($0, advert) } ?? advert
    }

    package func arm(_ timer: VRRPCore.Timer, of id: InstanceID, at time: Time) {
        if timer == .advert {
            adverts.arm(id.index, at: time.nanoseconds)
        } else {
            others.arm(Self.identifier(timer, id), at: time.nanoseconds)
        }
    }

    package func disarm(_ timer: VRRPCore.Timer, of id: InstanceID) {
        if timer == .advert { adverts.disarm(id.index) } else { others.disarm(Self.identifier(timer, id)) }
    }

    func disarmAll(of id: InstanceID) {
        for timer in VRRPCore.Timer.allCases { disarm(timer, of: id) }
    }

    package func fire(now: Int64) {
        while let index = adverts.popDue(now) { expired?(InstanceID(index), .advert) }
        var left = Self.mostPerTurn
        while left > 0, let identifier = others.popDue(now) {
            left -= 1
            guard let timer = VRRPCore.Timer(rawValue: UInt8(identifier % Self.kinds)) else { continue }
            expired?(InstanceID(identifier / Self.kinds), timer)
        }
        finished?()
    }

    private static func identifier(_ timer: VRRPCore.Timer, _ id: InstanceID) -> Int {
        id.index * kinds + Int(timer.rawValue)
    }
}
