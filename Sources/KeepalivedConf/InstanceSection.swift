/// `vrrp_instance` → a draft: what was written, with the places of the words, before the rules across statements.
import Wire

/// One instance as written. Validation turns it into `InstanceSettings` that hold together.
struct InstanceDraft {
    var settings: InstanceSettings
    var name: Word
    /// The last word in which each keyword's value was given, for messages.
    var places: [String: Word] = [:]
    var version: VRRPVersion?
    var interval: Duration?
    var authenticationType: Word?
    var password: Word?
    /// Parallel to `settings.addresses` and `settings.excludedAddresses`.
    var addressWords: [Word] = []
    var excludedWords: [Word] = []
    /// Parallel to `settings.unicastPeers`.
    var peerWords: [Word] = []
    var hasPeerBlock = false
    /// Lines of the blocks, read or not: a block whose lines are all wrong isn't reported as empty as well.
    var addressLineCount = 0
    var peerLineCount = 0
    var isStateMaster = false
    var tracking = TrackingDraft()
    /// smtp_alert; nil: as in global_defs.
    var isMailed: Bool?
    /// The names of `promotion_gate`.
    var gateWords: [Word] = []
    var guardDraft = GuardDraft()

    init(name: Word) {
        self.name = name
        settings = InstanceSettings(name: name.text, location: name.location)
    }

    /// Where a message about `keyword` points: its value if it was given, else the instance's name.
    func place(_ keyword: String) -> Word { places[keyword] ?? name }
}

struct InstanceSection {
    let findings: Findings
    let defaults: InstanceDefaults
    let context: LoadContext

    private var values: ValueReader { ValueReader(findings: findings) }
    private var lists: AddressLists { AddressLists(findings: findings) }

    func read(_ node: Node) -> InstanceDraft {
        var draft = InstanceDraft(name: node.words[1])
        draft.settings.announce = defaults.announce
        draft.settings.isStrict = defaults.isStrict
        draft.settings.skipsAddressListCheck = defaults.skipsAddressListCheck
        draft.settings.answersLowerPriority = defaults.answersLowerPriority
        draft.settings.sendsAdvertToHigherPriority = defaults.sendsAdvertToHigherPriority
        draft.settings.downTimerAdverts = defaults.downTimerAdverts
        draft.settings.checksUnicastSource = defaults.checksUnicastSource
        draft.settings.sendsMessageChecksum = defaults.sendsMessageChecksum
        draft.settings.interface = defaults.interface ?? ""
        draft.version = defaults.version
        draft.guardDraft = defaults.guardDraft.inherited
        let checker = StatementChecker(findings: findings)
        for statement in checker.statements(node.children ?? [], in: .instance, isOneLine: node.isOneLine) {
            draft.places[statement.name] = statement.value
            let isRead =
                readElection(statement, &draft) || readSwitch(statement, &draft) || readTransport(statement, &draft)
                || AnnounceReader(findings: findings).read(
                    statement, as: statement.name, into: &draft.settings.announce)
                || TrackingReader(findings: findings).read(statement, into: &draft.tracking)
                || NotifyReader(findings: findings).read(statement, into: &draft.settings.notify)
            precondition(isRead, "\(statement.name) is marked as working in vrrp_instance, but nothing reads it.")
        }
        return draft
    }

    private func readElection(_ statement: Statement, _ draft: inout InstanceDraft) -> Bool {
        switch statement.name {
        case "state": readState(statement, &draft)
        case "interface": if let name = values.interfaceName(statement.value) { draft.settings.interface = name }
        case "virtual_router_id":
            if let number = values.integer(statement, 1...255) { draft.settings.virtualRouterID = UInt8(number) }
        case "priority": if let number = values.integer(statement, 1...255) { draft.settings.priority = UInt8(number) }
        case "version", "vrrp_version": draft.version = values.version(statement)
        case "advert_int":
            draft.interval = values.seconds(statement, atLeast: .milliseconds(10), atMost: .seconds(255))
        case "nopreempt": draft.settings.preempts = false
        case "preempt": draft.settings.preempts = true
        case "preempt_delay":
            if let span = values.seconds(statement, atMost: .seconds(1000)) { draft.settings.preemptDelay = span }
        case "down_timer_adverts":
            if let count = values.integer(statement, 1...100) { draft.settings.downTimerAdverts = count }
        case "authentication": readAuthentication(statement.node, &draft)
        default: return false
        }
        return true
    }

    private func readState(_ statement: Statement, _ draft: inout InstanceDraft) {
        switch statement.value.text {
        case "MASTER": draft.isStateMaster = true
        case "BACKUP": draft.isStateMaster = false
        default:
            let nearest = Spelling.nearest(to: statement.value.text, among: ["MASTER", "BACKUP"])
            findings.error(
                "state \"\(statement.value.text)\" is neither MASTER nor BACKUP", at: statement.value,
                hint: nearest.map { "did you mean \"\($0)\"?" }
                    ?? "write state BACKUP; the priorities decide who is MASTER")
        }
    }

    private func readSwitch(_ statement: Statement, _ draft: inout InstanceDraft) -> Bool {
        switch statement.name {
        case "strict_mode": if let isOn = values.boolean(statement) { draft.settings.isStrict = isOn }
        case "skip_check_adv_addr":
            if let isOn = values.boolean(statement) { draft.settings.skipsAddressListCheck = isOn }
        case "lower_prio_no_advert":
            if let isOn = values.boolean(statement) { draft.settings.answersLowerPriority = !isOn }
        case "higher_prio_send_advert":
            if let isOn = values.boolean(statement) { draft.settings.sendsAdvertToHigherPriority = isOn }
        case "v3_checksum_as_v2":
            if let isOn = values.boolean(statement) { draft.settings.sendsMessageChecksum = isOn }
        case "check_unicast_src":
            if let isOn = values.boolean(statement) { draft.settings.checksUnicastSource = isOn }
        case "accept":
            if values.boolean(statement) == false {
                findings.warn(
                    "\"accept off\" has no effect: halua does not drop packets to a VIP yet", at: statement.value,
                    hint: "the VIP answers on the MASTER, as with accept")
            }
        case "smtp_alert": draft.isMailed = values.boolean(statement)
        case "dont_track_primary": draft.settings.tracksOwnInterface = false
        case "promotion_gate": PromotionGates(findings: findings).read(statement, into: &draft.gateWords)
        case "guard":
            GuardSection(findings: findings, place: .instanceGuard, readKeyFile: context.readKeyFile)
                .read(statement, into: &draft.guardDraft)
        case "no_virtual_ipaddress", "unicast_fault_no_peer": break
        default: return false
        }
        return true
    }

    private func readTransport(_ statement: Statement, _ draft: inout InstanceDraft) -> Bool {
        switch statement.name {
        case "virtual_ipaddress":
            draft.addressLineCount += statement.node.children?.count ?? 0
            lists.virtualAddresses(statement.node, into: &draft.settings.addresses, words: &draft.addressWords)
        case "virtual_ipaddress_excluded":
            lists.virtualAddresses(statement.node, into: &draft.settings.excludedAddresses, words: &draft.excludedWords)
        case "unicast_peer":
            draft.hasPeerBlock = true
            draft.peerLineCount += statement.node.children?.count ?? 0
            draft.places["unicast_peer"] = statement.word
            lists.peers(statement.node, into: &draft.settings.unicastPeers, words: &draft.peerWords)
        case "mcast_src_ip", "unicast_src_ip":
            draft.settings.sourceAddress = values.address(statement.value, of: statement.name)
        case "mcast_dst_ip": draft.settings.multicastDestination = values.address(statement.value, of: statement.name)
        case "unicast_ttl":
            if let number = values.integer(statement, 0...255) { draft.settings.unicastTTL = UInt8(number) }
        default: return false
        }
        return true
    }

    private func readAuthentication(_ node: Node, _ draft: inout InstanceDraft) {
        let checker = StatementChecker(findings: findings)
        for statement in checker.statements(node.children ?? [], in: .authentication, isOneLine: node.isOneLine) {
            switch statement.name {
            case "auth_type": draft.authenticationType = statement.value
            case "auth_pass":
                draft.password = statement.value
                if let comment = statement.node.attachedComment {
                    findings.add(
                        .warning, "a comment begins here, in the middle of what looks like the password", at: comment,
                        hint: "put the password into double quotes if # or ! belongs to it")
                }
            default: preconditionFailure("\(statement.name) is marked as working, but nothing reads it.")
            }
        }
    }
}
