/// The order in which the timers of all instances are handled.
import Daemon
import Testing
import VRRPCore

@Suite struct CoreTimersTests {
    @Test("adverts that are due come before everything else, however many masters are missed at once")
    func advertsFirst() {
        let timers = CoreTimers()
        var turn: [VRRPCore.Timer] = []
        timers.expired = { turn.append($1) }
        let (missed, advertising) = (100, 40)
        for index in 0..<missed { timers.arm(.masterDown, of: InstanceID(index), at: Time(nanoseconds: 10)) }
        for index in 0..<advertising { timers.arm(.advert, of: InstanceID(200 + index), at: Time(nanoseconds: 20)) }
        timers.arm(.advert, of: InstanceID(1), at: Time(nanoseconds: 31))
        #expect(timers.nextDeadline == 10)
        timers.fire(now: 30)
        #expect(turn.prefix(advertising).allSatisfy { $0 == .advert })
        #expect(turn.count == advertising + CoreTimers.mostPerTurn, "the rest waits for a turn of its own")
        #expect(timers.nextDeadline == 10)
        while let due = timers.nextDeadline, due <= 30 { timers.fire(now: 30) }
        #expect(turn.count == missed + advertising)
        #expect(timers.nextDeadline == 31)
        timers.disarm(.advert, of: InstanceID(1))
        #expect(timers.nextDeadline == nil)
    }
}
