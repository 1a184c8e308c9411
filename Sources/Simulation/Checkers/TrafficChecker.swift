/// Nobody floods the segment: adverts, also answers to other masters, stay few.
import VRRPCore

/// Two masters that answer each other's adverts at once must not do so without end.
package final class TrafficChecker: Checker {
    /// Adverts of one instance within one of its intervals; an honest answer to each of a few masters is far below.
    private static let limit = 64

    private struct Window {
        var began = Time(nanoseconds: 0)
        var count = 0
    }

    package private(set) var violations: [Violation] = []
    private var windows: [InstanceName: Window] = [:]

    package init() {}

    package func observe(_ record: Record, in world: World) {
        guard case .effect(.sendAdvert, let name) = record, let node = world.node(name.node) else { return }
        var window = windows[name] ?? Window()
        if world.now - window.began > node.instances[name.instance.index].interval {
            window = Window(began: world.now)
        }
        window.count += 1
        windows[name] = window
        guard window.count == Self.limit else { return }
        violations.append(
            Violation(
                promise: "no node floods the segment",
                details: "\(node.name) sent \(Self.limit) adverts within an interval", time: world.now))
        // A flood makes a run endless; what follows would say nothing more.
        world.halt()
    }

    package func finish(_ world: World) {}
}
