/// All virtual routers of this host: finds the right one, moves sync groups together, hands effects out in order.
import Wire

package struct Router: Sendable {
    private var instances: [Instance] = []
    /// Where in `instances` each instance is that was ever added; nil once it was removed. Numbers are never used again,
    /// so a late answer of the kernel cannot reach a newcomer.
    private var positions: [Int?] = []
    /// The number of each instance, by position.
    package private(set) var ids: [InstanceID] = []
    private var groups: [SyncGroupConfig] = []
    /// Reused for every input, so that a turn allocates nothing.
    private var scratch: [Effect] = []
    /// Counts packets that belong to no instance.
    package private(set) var strays = Statistics()

    package init() {}

    /// A snapshot of one instance. A plain getter on purpose: measured, a `_read` accessor allocates its frame on every
    /// call from another module, while this copies and counts references.
    package subscript(_ id: InstanceID) -> Instance { instances[position(of: id)] }

    /// What others ask of an instance all the time, without a copy of it.
    package func standing(of id: InstanceID) -> (state: State, priority: UInt8, since: Time) {
        let position = position(of: id)
        return (instances[position].state, instances[position].priority, instances[position].since)
    }

    /// How often an instance advertises as master, and when the next advert of a master is due; without a copy, too.
    package func adverts(of id: InstanceID) -> (interval: Duration, due: Time?) {
        let position = position(of: id)
        return (instances[position].config.interval, instances[position].deadline(of: .advert))
    }

    /// True until the instance is removed.
    package func contains(_ id: InstanceID) -> Bool {
        positions.indices.contains(id.index) && positions[id.index] != nil
    }

    package mutating func add(_ config: InstanceConfig) -> InstanceID {
        let id = InstanceID(positions.count)
        positions.append(instances.count)
        instances.append(Instance(config))
        ids.append(id)
        return id
    }

    /// Forgets an instance that `.shutdown` has brought to Initialize. Its sync group goes on without it.
    package mutating func remove(_ id: InstanceID) {
        let position = position(of: id)
        precondition(
            instances[position].state == .initialize, "An instance is shut down before it is removed.")
        instances.remove(at: position)
        ids.remove(at: position)
        positions[id.index] = nil
        for later in position..<ids.endIndex { positions[ids[later].index] = later }
        for index in groups.indices { groups[index].members.removeAll { $0 == id } }
    }

    /// Lets one instance decide, and then the members of its sync group.
    package mutating func handle(
        _ input: Input, for id: InstanceID, now: Time, into effects: inout [AddressedEffect]
    ) {
        let position = position(of: id)
        guard instances[position].group != nil else {
            run(input, at: position, now, &effects)
            return
        }
        let former = instances[position].standpoint
        run(input, at: position, now, &effects)
        let present = instances[position].standpoint
        guard present != former else { return }
        let hasLeftMaster = former.state == .master && present.state == .backup
        settleGroup(of: id, leftMaster: hasLeftMaster, now, &effects)
    }

    /// Checks a decoded packet for an instance (R-12 … R-21), counts it, and handles it when it is accepted.
    package mutating func receive(
        _ packet: ReceivedPacket, for id: InstanceID, now: Time, into effects: inout [AddressedEffect]
    ) -> ReceiveVerdict {
        let position = position(of: id)
        let verdict = instances[position].config.verdict(on: packet)
        switch verdict {
        case .drop(let reason):
            instances[position].statistics.count(reason)
        case .accept(let advert, let remarks):
            if remarks.contains(.addressListDiffers) { instances[position].statistics.addressListErrors += 1 }
            handle(.advert(advert), for: id, now: now, into: &effects)
        }
        return verdict
    }

    /// The same checks, for a packet that came another way: nothing is counted, nothing is handled.
    package func verdict(on packet: ReceivedPacket, for id: InstanceID) -> ReceiveVerdict {
        instances[position(of: id)].config.verdict(on: packet)
    }

    /// Counts a packet that could not be decoded, for the instance it was meant for when that is known.
    package mutating func countUndecodable(_ error: DecodeError, for id: InstanceID? = nil) {
        guard let standard = error.standardError else { return }
        if let id {
            instances[position(of: id)].statistics.count(standard)
        } else {
            strays.count(standard)
        }
    }

    /// Counts an advert for a virtual router that nobody here has configured.
    package mutating func countUnknownVirtualRouter() { strays.count(.unknownVirtualRouter) }

    private mutating func run(
        _ input: Input, at position: Int, _ now: Time, _ effects: inout [AddressedEffect]
    ) {
        scratch.removeAll(keepingCapacity: true)
        instances[position].handle(input, now: now, into: &scratch)
        let id = ids[position]
        for effect in scratch { effects.append(AddressedEffect(id, effect)) }
    }

    private func position(of id: InstanceID) -> Int {
        guard positions.indices.contains(id.index), let position = positions[id.index] else {
            preconditionFailure("There is no instance \(id.index): it was removed, or another router made the number.")
        }
        return position
    }
}

// Sync groups: the members move together (S-24, keepalived's vrrp_sync_group).
extension Router {
    /// Says which instances move together, instead of what was said before. An instance that is named twice belongs to
    /// the first group, as in keepalived.
    package mutating func setGroups(
        _ newGroups: [SyncGroupConfig], now: Time, into effects: inout [AddressedEffect]
    ) {
        groups = []
        for var group in newGroups {
            group.members.removeAll { member in groups.contains { $0.members.contains(member) } }
            groups.append(group)
        }
        for position in instances.indices {
            let group = groups.first { $0.members.contains(ids[position]) }
            instances[position].join(group?.name)
        }
        for id in ids {
            endForeignFaults(of: id, now, &effects)
            settleGroup(of: id, leftMaster: false, now, &effects)
        }
    }

    /// The same before anything has started: then nothing can move, and there is nothing to do.
    package mutating func setGroups(_ newGroups: [SyncGroupConfig]) {
        precondition(
            instances.allSatisfy { $0.state == .initialize }, "Living instances may have to move with their new group.")
        var effects: [AddressedEffect] = []
        setGroups(newGroups, now: Time(nanoseconds: 0), into: &effects)
    }

    /// Draws the conclusions for the other members after one has moved.
    private mutating func settleGroup(
        of id: InstanceID, leftMaster: Bool, _ now: Time, _ effects: inout [AddressedEffect]
    ) {
        guard let group = groups.first(where: { $0.members.contains(id) }) else { return }
        shareFault(of: id, in: group, now, &effects)
        let mover = instances[position(of: id)]
        // One backup, all backup. A member that has just started and hears nobody pulls no one down.
        if leftMaster || (mover.state == .backup && mover.backup.isFollowing) {
            let decision = GroupDecision.stepDown(group: group.name, becauseOf: mover.config.name)
            decide(decision, for: group, where: .master, now, &effects)
        }
        // All master together, and only when every member wants it: this avoids moving to and fro.
        let isUnanimous = group.members.allSatisfy { member in
            let instance = instances[position(of: member)]
            return instance.state == .master || (instance.state == .backup && instance.mayBeMaster(at: now))
        }
        if isUnanimous { decide(.promote(group: group.name), for: group, where: .backup, now, &effects) }
    }

    private mutating func decide(
        _ decision: GroupDecision, for group: SyncGroupConfig, where state: State, _ now: Time,
        _ effects: inout [AddressedEffect]
    ) {
        for member in group.members {
            let position = position(of: member)
            if instances[position].state == state { run(.group(decision), at: position, now, &effects) }
        }
    }

    /// One fault, all fault: a member's own fault is a cause for each of the others, until it is mended.
    private mutating func shareFault(
        of id: InstanceID, in group: SyncGroupConfig, _ now: Time, _ effects: inout [AddressedEffect]
    ) {
        let mover = instances[position(of: id)]
        let cause = FaultCause.groupMember(group: group.name, member: mover.config.name)
        let isFault = mover.state == .fault && mover.hasOwnFault
        for member in group.members where member != id {
            run(isFault ? .faultBegan(cause) : .faultEnded(cause), at: position(of: member), now, &effects)
        }
    }

    /// Takes back the causes that came from a group, or a member, that is gone.
    private mutating func endForeignFaults(
        of id: InstanceID, _ now: Time, _ effects: inout [AddressedEffect]
    ) {
        let position = position(of: id)
        let group = groups.first { $0.members.contains(id) }
        let names = group?.members.map { instances[self.position(of: $0)].config.name } ?? []
        for cause in instances[position].causes {
            guard case .groupMember(let groupName, let member) = cause else { continue }
            if groupName != group?.name || !names.contains(member) {
                run(.faultEnded(cause), at: position, now, &effects)
            }
        }
    }
}
