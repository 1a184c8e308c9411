/// What travels on the simulated segment.
import VRRPCore
import Wire

/// Names a station of the segment, a node or a client: its index in the order of adding.
package struct StationID: Hashable, Sendable {
    package var index: Int
    package init(_ index: Int) { self.index = index }
}

/// How a frame is addressed; a filter for multicast lets the other two pass.
package enum Cast: Hashable, Sendable {
    case multicast
    case unicast
    case broadcast
}

/// One frame. Guard heartbeats and address probes will be further payloads.
package struct Frame: Sendable {
    package enum Payload: Sendable {
        /// An advertisement of this instance of the sender; receivers look its address list up there.
        case advert(Advert, InstanceID)
        /// A gratuitous ARP or unsolicited neighbour advertisement for one virtual address.
        case announcement(VirtualAddressID)
    }

    package var sender: StationID
    package var cast: Cast
    package var payload: Payload
}

/// Names a virtual address: its index in the world's table, so that frames and holders stay small.
package struct VirtualAddressID: Hashable, Sendable {
    package var index: Int
    package init(_ index: Int) { self.index = index }
}
