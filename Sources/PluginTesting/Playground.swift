/// The world of one case: the segment with its nodes, and one hand-cranked clock for core and scripts.
import LinuxIO
import LuaHost
import Simulation
import VRRPCore
import Wire

final class Playground {
    /// When every case begins: the same moment each time, so that a run can be repeated to the nanosecond.
    private static let start: Int64 = 1_000_000_000_000
    /// 2026-01-01 00:00:00 UTC.
    private static let wallStart: Int64 = 1_767_225_600_000_000_000
    /// More turns of the loop at one moment are a script that goes on without time passing.
    private static let turnsPerMoment = 50_000

    let loop: EventLoop
    let world = World(seed: 1)
    let timeline: Timeline
    private(set) var nodes: [TestNode] = []
    /// When the patience with the case is over, by the real clock.
    private let realEnd: Int64
    private let limit: Duration

    /// Throws: EMFILE.
    init(limit: Duration) throws(IOFailure) {
        loop = try EventLoop(handClock: HandClock(start: Self.start, wallStart: Self.wallStart))
        timeline = Timeline(loop: loop)
        self.limit = limit
        realEnd = Clock.monotonic + Int64(limit / .nanoseconds(1))
        world.run(until: Time(nanoseconds: Self.start))
        let observer = Observer()
        observer.playground = self
        world.addObserver(observer)
    }

    /// Since the case began, in nanoseconds.
    var elapsed: Int64 { loop.now - Self.start }

    // MARK: Nodes

    func add(_ node: TestNode) { nodes.append(node) }

    func node(_ name: String) throws(TestComplaint) -> TestNode {
        guard let node = nodes.first(where: { $0.name == name }) else {
            throw TestComplaint("there is no node \(name) in this case")
        }
        return node
    }

    /// Ends every process of every node.
    func end() {
        for node in nodes { node.endScripts() }
    }

    /// Passes on what the simulated processes do.
    private final class Observer: WorldObserver {
        weak var playground: Playground?

        func observe(_ record: Record, in world: World) {
            guard case .effect(let effect, let name) = record,
                let node = playground?.nodes.first(where: { $0.simulated.id == name.node })
            else { return }
            node.observe(effect, of: name.instance)
        }
    }

    // MARK: Time

    /// Does everything that is due up to a moment, each thing at its own.
    func advance(to end: Int64) throws(TestComplaint) {
        try settle()
        while let next = nextEvent, next <= end { try step(to: next) }
        if end > loop.now { try step(to: end) }
    }

    /// The next moment at which anything is due.
    var nextEvent: Int64? { [loop.nextDeadline, world.nextTime?.nanoseconds].compactMap(\.self).min() }

    /// Goes to a moment before which nothing is due, and does what is due then.
    func step(to moment: Int64) throws(TestComplaint) {
        loop.crank(to: max(moment, loop.now))
        try settle()
    }

    /// Does what is due at this moment, and what follows from it at once.
    func settle() throws(TestComplaint) {
        var isBusy = true
        while isBusy {
            guard Clock.monotonic < realEnd else {
                throw TestComplaint("the case takes longer than \(limit.inWords): it is given up (see --limit)")
            }
            guard loop.settle(turns: Self.turnsPerMoment) else {
                throw TestComplaint(
                    "something goes on for ever without time passing: a loop that only sleeps for 0, or waits for nothing"
                )
            }
            let isDue = world.nextTime.map { $0.nanoseconds <= loop.now } ?? false
            world.run(until: Time(nanoseconds: loop.now))
            isBusy = isDue || loop.hasWork
        }
    }
}
