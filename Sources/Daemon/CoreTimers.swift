/// The core's timers on the loop: (instance, timer) ↔ a dense number, so that arming one allocates nothing.
import LinuxIO
import VRRPCore

/// Keeps the deadlines of all instances. The loop waits for the nearest and calls `fire`, last in its turn.
final class CoreTimers: TimerSource {
    private static let kinds = VRRPCore.Timer.allCases.count

    private var queue = TimerQueue(capacity: 64)
    /// Who gets a timer that is due.
    var expired: ((InstanceID, VRRPCore.Timer) -> Void)?
    /// Called once after all timers of a turn, so that what they caused is done in one go.
    var finished: (() -> Void)?

    var nextDeadline: Int64? { queue.nextDeadline }

    func arm(_ timer: VRRPCore.Timer, of id: InstanceID, at time: Time) {
        queue.arm(Self.identifier(timer, id), at: time.nanoseconds)
    }

    func disarm(_ timer: VRRPCore.Timer, of id: InstanceID) { queue.disarm(Self.identifier(timer, id)) }

    func disarmAll(of id: InstanceID) {
        for timer in VRRPCore.Timer.allCases { disarm(timer, of: id) }
    }

    func fire(now: Int64) {
        while let identifier = queue.popDue(now) {
            guard let timer = VRRPCore.Timer(rawValue: UInt8(identifier % Self.kinds)) else { continue }
            expired?(InstanceID(identifier / Self.kinds), timer)
        }
        finished?()
    }

    private static func identifier(_ timer: VRRPCore.Timer, _ id: InstanceID) -> Int {
        id.index * kinds + Int(timer.rawValue)
    }
}
