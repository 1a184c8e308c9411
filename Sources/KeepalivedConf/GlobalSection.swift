/// `global_defs` → the daemon's settings and the defaults of every instance.
import Wire

/// What an instance takes when it doesn't say otherwise.
struct InstanceDefaults {
    var version: VRRPVersion?
    var interface: String?
    var announce = AnnounceSettings()
    var isStrict = false
    var skipsAddressListCheck = false
    var answersLowerPriority = true
    var sendsAdvertToHigherPriority = false
    var downTimerAdverts = 3
    var checksUnicastSource = true
    var sendsMessageChecksum = false
    var guardDraft = GuardDraft()
}

struct GlobalSection {
    let findings: Findings
    private(set) var settings = GlobalSettings()
    private(set) var defaults = InstanceDefaults()
    private(set) var mail = MailDraft()
    private var lua: LuaSection
    private var scripts: ScriptDefaultsReader
    private let guardSection: GuardSection

    init(findings: Findings, context: LoadContext) {
        self.findings = findings
        guardSection = GuardSection(findings: findings, place: .globalGuard, readKeyFile: context.readKeyFile)
        lua = LuaSection(findings: findings)
        scripts = ScriptDefaultsReader(findings: findings)
    }

    private var values: ValueReader { ValueReader(findings: findings) }

    mutating func read(_ node: Node) {
        let checker = StatementChecker(findings: findings)
        for statement in checker.statements(node.children ?? [], in: .global, isOneLine: node.isOneLine) {
            if lua.read(statement, into: &settings.lua) { continue }
            if scripts.read(statement, into: &settings.scripts) { continue }
            if MailReader(findings: findings).read(statement, into: &mail) { continue }
            if readDaemon(statement) || readAnnounce(statement) || readDefault(statement) { continue }
            preconditionFailure("\(statement.name) is marked as working in global_defs, but nothing reads it.")
        }
        // Shell scripts may have to run as root; a command of a plugin that has to names root itself.
        settings.lua.commandUser = settings.scripts.user.flatMap { $0.name == "root" ? nil : $0 }
    }

    private mutating func readDaemon(_ statement: Statement) -> Bool {
        switch statement.name {
        case "router_id": settings.routerID = statement.value.text
        case "event_journal": readJournal(statement)
        case "vrrp_startup_delay": if let span = values.seconds(statement) { settings.startupDelay = span }
        case "dynamic_interfaces": settings.dynamicInterfaces = true
        case "vrrp_garp_interval": if let span = values.seconds(statement) { settings.garpInterval = span }
        case "vrrp_gna_interval": if let span = values.seconds(statement) { settings.gnaInterval = span }
        case "vrrp_mcast_group4": readGroup4(statement)
        case "vrrp_mcast_group6": readGroup6(statement)
        case "log_unknown_vrids":
            if let isOn = values.boolean(statement) { settings.logsUnknownVirtualRouters = isOn }
        case "vrrp_rt_priority": settings.realTimePriority = values.integer(statement, 1...99)
        case "vrrp_priority": settings.processPriority = values.integer(statement, -20...19)
        case "guard":
            guardSection.read(statement, into: &defaults.guardDraft)
            settings.guardSettings = defaults.guardDraft.settings
            settings.guardPort = defaults.guardDraft.port
        case "vrrp_no_swap": if let isOn = values.boolean(statement) { settings.locksMemory = isOn }
        default: return false
        }
        return true
    }

    private mutating func readAnnounce(_ statement: Statement) -> Bool {
        let prefix = "vrrp_"
        guard statement.name.hasPrefix(prefix) else { return false }
        return AnnounceReader(findings: findings).read(
            statement, as: String(statement.name.dropFirst(prefix.count)), into: &defaults.announce)
    }

    private mutating func readDefault(_ statement: Statement) -> Bool {
        switch statement.name {
        case "default_interface": defaults.interface = values.interfaceName(statement.value)
        case "vrrp_version": defaults.version = values.version(statement)
        case "vrrp_strict": if let isOn = values.boolean(statement) { defaults.isStrict = isOn }
        case "vrrp_skip_check_adv_addr":
            if let isOn = values.boolean(statement) { defaults.skipsAddressListCheck = isOn }
        case "vrrp_lower_prio_no_advert":
            if let isOn = values.boolean(statement) { defaults.answersLowerPriority = !isOn }
        case "vrrp_higher_prio_send_advert":
            if let isOn = values.boolean(statement) { defaults.sendsAdvertToHigherPriority = isOn }
        case "vrrp_down_timer_adverts":
            if let count = values.integer(statement, 1...100) { defaults.downTimerAdverts = count }
        case "vrrp_check_unicast_src":
            if let isOn = values.boolean(statement) { defaults.checksUnicastSource = isOn }
        case "v3_checksum_as_v2":
            if let isOn = values.boolean(statement) { defaults.sendsMessageChecksum = isOn }
        case "vrrp_min_garp":
            guard values.boolean(statement) == true else { break }
            defaults.announce.delay = .zero
            defaults.announce.repetitions = 1
            defaults.announce.refreshRepetitions = 1
        default: return false
        }
        return true
    }

    private mutating func readJournal(_ statement: Statement) {
        let words = Array(statement.node.words.dropFirst())
        if words[0].text == "off" {
            if words.count > 1 { findings.error("event_journal off takes nothing more", at: words[1]) }
            settings.journal = .off
            return
        }
        guard words[0].text.hasPrefix("/") else {
            findings.error(
                "event_journal \(words[0].text) is no whole path", at: words[0],
                hint: "write \"event_journal /var/lib/halua/events.jsonl\", or \"event_journal off\"")
            return
        }
        var journal = JournalSettings(path: words[0].text)
        if words.count > 1 {
            guard let size = Int(words[1].text), (1...1024).contains(size) else {
                findings.error(
                    "\(words[1].text) is no size of a file", at: words[1], hint: "1 to 1024, in MiB")
                return
            }
            journal.fileLimit = size << 20
        }
        if words.count > 2 {
            guard let files = Int(words[2].text), (1...100).contains(files) else {
                findings.error("\(words[2].text) is no number of files", at: words[2], hint: "1 to 100")
                return
            }
            journal.files = files
        }
        settings.journal = .file(journal)
    }

    private mutating func readGroup4(_ statement: Statement) {
        guard let address = values.address(statement.value, of: statement.name) else { return }
        guard case .v4(let group) = address, address.isMulticast else {
            findings.error(
                "\(statement.value.text) is not an IPv4 multicast address", at: statement.value,
                hint: "224.0.0.18 is the group of VRRP")
            return
        }
        settings.multicastGroup4 = group
    }

    private mutating func readGroup6(_ statement: Statement) {
        guard let address = values.address(statement.value, of: statement.name) else { return }
        guard case .v6(let group) = address, address.isMulticast else {
            findings.error(
                "\(statement.value.text) is not an IPv6 multicast address", at: statement.value,
                hint: "ff02::12 is the group of VRRP")
            return
        }
        settings.multicastGroup6 = group
    }
}

/// The `garp_*` keywords, which are the same in `global_defs` (with `vrrp_` in front) and in instances.
struct AnnounceReader {
    let findings: Findings

    /// Whether `name` was one of them.
    func read(_ statement: Statement, as name: String, into settings: inout AnnounceSettings) -> Bool {
        let values = ValueReader(findings: findings)
        switch name {
        case "garp_master_delay": if let span = values.seconds(statement) { settings.delay = span }
        case "garp_master_repeat": if let count = values.integer(statement, 1...255) { settings.repetitions = count }
        case "garp_master_refresh": if let span = values.seconds(statement) { settings.refresh = span }
        case "garp_master_refresh_repeat":
            if let count = values.integer(statement, 1...255) { settings.refreshRepetitions = count }
        case "garp_lower_prio_delay": if let span = values.seconds(statement) { settings.lowerPriorityDelay = span }
        case "garp_lower_prio_repeat":
            if let count = values.integer(statement, 0...255) { settings.lowerPriorityRepetitions = count }
        default: return false
        }
        return true
    }
}

extension ValueReader {
    func version(_ statement: Statement) -> VRRPVersion? {
        guard let number = integer(statement, 2...3) else { return nil }
        return number == 2 ? .v2 : .v3
    }
}

extension IPAddress {
    var isMulticast: Bool {
        switch self {
        case .v4(let address): address.rawValue >> 28 == 0xE
        case .v6(let address): address.high >> 56 == 0xFF
        }
    }

    /// fe80::/10
    var isLinkLocal: Bool {
        guard case .v6(let address) = self else { return false }
        return address.high >> 54 == 0xFE80 >> 6
    }

    /// An address that no host can hold on a network, with the word for it.
    var unusableKind: String? {
        if isMulticast { return "a multicast address" }
        switch self {
        case .v4(let address):
            if address.rawValue >> 24 == 127 { return "a loopback address" }
            if address.rawValue >> 24 == 0 { return "not an address of a host" }
            return address.rawValue >> 28 == 0xF ? "not an address of a host" : nil
        case .v6(let address):
            if address.high == 0 && address.low == 1 { return "the loopback address" }
            return address.high == 0 && address.low == 0 ? "not an address of a host" : nil
        }
    }
}
