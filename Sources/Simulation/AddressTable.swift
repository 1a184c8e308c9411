/// Which kernels hold which virtual addresses, and who announced each of them last.
import Wire

/// A virtual address is known by its index, so that asking costs no look-up of an address.
package struct AddressTable: Sendable {
    package private(set) var addresses: [IPAddress] = []
    private var holders: [[StationID]] = []
    private var announcers: [StationID?] = []

    package private(set) var ids: [VirtualAddressID] = []

    /// The name of an address, made at the first use.
    mutating func id(_ address: IPAddress) -> VirtualAddressID {
        if let index = addresses.firstIndex(of: address) { return VirtualAddressID(index) }
        addresses.append(address)
        ids.append(VirtualAddressID(ids.count))
        holders.append([])
        announcers.append(nil)
        return VirtualAddressID(addresses.count - 1)
    }

    package subscript(id: VirtualAddressID) -> IPAddress { addresses[id.index] }

    /// The stations whose kernel has the address, in the order of the stations.
    package func holders(_ id: VirtualAddressID) -> [StationID] { holders[id.index] }

    package func holderCount(_ id: VirtualAddressID) -> Int { holders[id.index].count }

    package func isHeld(_ id: VirtualAddressID, by station: StationID) -> Bool {
        holders[id.index].contains(station)
    }

    /// The sender of the last announcement that was put on the wire.
    package func lastAnnouncer(_ id: VirtualAddressID) -> StationID? { announcers[id.index] }

    /// Returns whether something changed.
    mutating func set(_ id: VirtualAddressID, by station: StationID, isHeld: Bool) -> Bool {
        let place = holders[id.index].firstIndex { $0.index >= station.index } ?? holders[id.index].count
        let holdsNow = place < holders[id.index].count && holders[id.index][place] == station
        if holdsNow == isHeld { return false }
        if isHeld {
            holders[id.index].insert(station, at: place)
        } else {
            holders[id.index].remove(at: place)
        }
        return true
    }

    mutating func announced(_ id: VirtualAddressID, by station: StationID) { announcers[id.index] = station }
}
