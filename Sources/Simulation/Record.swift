/// What observers of a simulated world are told: checkers, the transcript, the trace.
import VRRPCore

/// One instance of one node.
package struct InstanceName: Hashable, Sendable {
    package var node: StationID
    package var instance: InstanceID

    package init(_ node: StationID, _ instance: InstanceID) {
        self.node = node
        self.instance = instance
    }
}

package enum Record: Sendable {
    /// Something was done to the world from outside; it is told after it was done.
    case acted(Action)
    case processStarted(StationID)
    /// Also by a kill, so an instance may have been master up to now.
    case processEnded(StationID)
    /// An instance asked for this; it is told before it is done.
    case effect(Effect, of: InstanceName)
    case held(VirtualAddressID, by: StationID)
    case released(VirtualAddressID, by: StationID)
    /// Nobody has renewed the lifetime of the address; it is told before it is released.
    case expired(VirtualAddressID, of: StationID)
    /// All effects of one input are done.
    case handled(InstanceName)
}

package protocol WorldObserver: AnyObject {
    func observe(_ record: Record, in world: World)
}
