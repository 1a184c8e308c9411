/// What travels on the simulated segment.
import VRRPCore
import Wire

/// Names a station of the segment, a node, a client or a stranger: its index in the order of adding.
package struct StationID: Hashable, Sendable {
    package var index: Int
    package init(_ index: Int) { self.index = index }

    /// The hardware address of the station's one NIC.
    package var hardware: MACAddress { MACAddress(rawValue: 0x0200_0000_0001 + UInt64(index)) }

    init(of hardware: MACAddress) { index = Int(hardware.rawValue - 0x0200_0000_0001) }
}

/// How a frame is addressed; a filter for multicast lets the other two pass.
package enum Cast: Hashable, Sendable {
    case multicast
    case unicast
    case broadcast
}

/// A segment that connects the stations.
package enum Segment: UInt8, Hashable, Sendable, CaseIterable {
    /// Where clients and adverts are, and the guard channel too.
    case service
    /// A second way for the guard channel alone.
    case heartbeat
}

/// What a node says on the guard channel. What its configuration says is looked up there.
package struct Beat: Hashable, Sendable {
    package var instance: InstanceID
    package var word: Heartbeat.Word
    package var state: State
    package var priority: UInt8
    package var isFit: Bool
    package var hearsReceiver: Bool
    /// The receiver answers with its own state.
    package var wantsAnswer: Bool
}

/// One frame.
package struct Frame: Sendable {
    package enum Payload: Sendable {
        /// An advertisement of this instance of the sender; receivers look its address list up there.
        case advert(Advert, InstanceID)
        /// A gratuitous ARP or unsolicited neighbour advertisement for one virtual address.
        case announcement(VirtualAddressID)
        /// The same, but it names another station than the sender.
        case announcementFor(VirtualAddressID, at: StationID)
        /// ARP or neighbour solicitation: who has this address? The asker claims nothing by it.
        case question(IPAddress)
        /// The sender has this address; the answer to a question.
        case answer(IPAddress)
        case beat(Beat, on: Segment)
        /// An advert that somebody made up, with its source address and its one virtual address.
        indirect case forged(Advert, source: IPAddress, VirtualAddressID)
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
