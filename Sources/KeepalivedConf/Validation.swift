/// The rules across instances and groups: what no block can know alone.
import Wire

/// Names, virtual routers and addresses that two instances claim.
struct AcrossInstances {
    let findings: Findings
    /// Parallel: what was written, and what it means.
    let drafts: [InstanceDraft]
    let settings: [InstanceSettings]

    func check() {
        checkNames()
        checkVirtualRouters()
        checkAddresses()
    }

    private func checkNames() {
        var seen: [String: Word] = [:]
        for draft in drafts {
            guard let before = seen.updateValue(draft.name, forKey: draft.name.text) else { continue }
            findings.error(
                "vrrp_instance \"\(draft.name.text)\" is defined twice", at: draft.name,
                hint: "rename one of them; the first is on line \(before.location.line) of \(before.location.file)")
        }
    }

    private struct RouterKey: Hashable {
        var interface: String
        var family: AddressFamily
        var virtualRouterID: UInt8
        /// Instances that send to different groups don't hear each other.
        var group: IPAddress?
    }

    private func checkVirtualRouters() {
        var seen: [RouterKey: [Int]] = [:]
        for (index, instance) in settings.enumerated()
        where instance.virtualRouterID != 0 && !instance.interface.isEmpty {
            let key = RouterKey(
                interface: instance.interface, family: instance.family, virtualRouterID: instance.virtualRouterID,
                group: instance.multicastDestination)
            for other in seen[key] ?? [] where collide(instance, settings[other]) {
                let first = drafts[other]
                findings.error(
                    "virtual_router_id \(instance.virtualRouterID) is taken by \"\(first.name.text)\" on \(instance.interface)",
                    at: drafts[index].place("virtual_router_id"),
                    hint: "choose another number; \"\(first.name.text)\" is on line \(first.name.location.line)")
            }
            seen[key, default: []].append(index)
        }
    }

    /// Two unicast instances may share a number as long as no node is a peer of both.
    private func collide(_ left: InstanceSettings, _ right: InstanceSettings) -> Bool {
        guard !left.unicastPeers.isEmpty, !right.unicastPeers.isEmpty else { return true }
        return !Set(left.unicastPeers.map(\.address)).isDisjoint(with: right.unicastPeers.map(\.address))
    }

    private struct AddressKey: Hashable {
        var address: IPAddress
        /// Link-local addresses are their interface's own matter.
        var interface: String?
    }

    private func checkAddresses() {
        var seen: [AddressKey: (index: Int, word: Word)] = [:]
        for (index, (draft, instance)) in zip(drafts, settings).enumerated() {
            // The settings may have moved addresses between the lists; together they are still parallel to the words.
            let addresses = draft.settings.addresses + draft.settings.excludedAddresses
            for (address, word) in zip(addresses, draft.addressWords + draft.excludedWords) {
                let interface = address.address.isLinkLocal ? address.interface ?? instance.interface : nil
                let key = AddressKey(address: address.address, interface: interface)
                guard let before = seen[key] else {
                    seen[key] = (index, word)
                    continue
                }
                guard before.index != index else { continue }
                findings.error(
                    "\(address.address) is also an address of \"\(drafts[before.index].name.text)\"", at: word,
                    hint: "an address belongs to one instance; the other is on line \(before.word.location.line)")
            }
        }
    }
}

/// Who is in which sync group.
struct GroupRules {
    let findings: Findings
    let instances: [InstanceDraft]
    let groups: [GroupDraft]

    /// The group of each instance.
    func check() -> [String: GroupDraft] {
        let names = instances.map(\.name.text)
        var groupOf: [String: GroupDraft] = [:]
        var seen: [String: Word] = [:]
        for group in groups {
            if let before = seen.updateValue(group.name, forKey: group.name.text) {
                findings.error(
                    "vrrp_sync_group \"\(group.name.text)\" is defined twice", at: group.name,
                    hint: "rename one of them; the first is on line \(before.location.line)")
            }
            for member in group.members {
                if !names.contains(member.text) {
                    findings.error(
                        "no vrrp_instance is called \"\(member.text)\"", at: member,
                        hint: Spelling.nearest(to: member.text, among: names).map { "did you mean \"\($0)\"?" }
                            ?? "define it, or remove it from the group")
                }
                if let other = groupOf.updateValue(group, forKey: member.text) {
                    let place = other.name == group.name ? "this group" : "group \"\(other.name.text)\""
                    findings.error(
                        "\"\(member.text)\" is already a member of \(place)", at: member,
                        hint: "an instance can be in one group, once")
                }
            }
            checkSize(group)
        }
        return groupOf
    }

    private func checkSize(_ group: GroupDraft) {
        switch group.members.count {
        case 0:
            findings.error(
                "vrrp_sync_group \"\(group.name.text)\" has no members", at: group.name,
                hint: "write group { INSTANCE INSTANCE }")
        case 1:
            findings.warn(
                "vrrp_sync_group \"\(group.name.text)\" has one member, so nothing is held together", at: group.name,
                hint: "add the other instances, or remove the group")
        default: break
        }
    }
}
