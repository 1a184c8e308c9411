/// What a reload has to do: the way from the running configuration to a new one, as a list.
import Wire

/// One thing a reload does.
package enum ReloadStep: Hashable, Sendable {
    /// Stop it as at shutdown: priority 0, addresses removed.
    case removeInstance(name: String)
    /// Its identity on the wire changed, so its state can't be kept: stop the old one, start the new one in BACKUP.
    /// The reasons say in words what differs.
    case restartInstance(name: String, reasons: [String])
    case addInstance(name: String)
    /// Its state is kept. The changes say in words what differs, for the log.
    case updateInstance(name: String, changes: [String])
    case removeSyncGroup(name: String)
    case addSyncGroup(name: String)
    case updateSyncGroup(name: String)
    /// Plugins or their settings changed: a new generation of scripts is needed for more than its own sake.
    case reloadScripts
    case updateTrackProcesses
    case updateScripts
    case updateGlobalSettings(changes: [String])
}

/// The steps stand in the order in which they are to be taken: first what frees addresses and virtual router IDs, then
/// what changes or claims them, so that an address can move from one instance to another within one reload.
package struct Difference: Hashable, Sendable {
    package var steps: [ReloadStep]

    /// Nothing but places in the text differs.
    package var isEmpty: Bool { steps.isEmpty }

    /// The steps that lead from `old` to `new`. Instances are the same when their names are.
    package init(from old: Configuration, to new: Configuration) {
        steps = []
        compareGlobals(old, new)
        let before = Dictionary(old.instances.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let after = Dictionary(new.instances.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for instance in old.instances where after[instance.name] == nil {
            steps.append(.removeInstance(name: instance.name))
        }
        var later: [ReloadStep] = []
        for instance in new.instances {
            guard let previous = before[instance.name] else {
                later.append(.addInstance(name: instance.name))
                continue
            }
            let reasons = Self.identityChanges(previous, instance)
            if !reasons.isEmpty {
                steps.append(.restartInstance(name: instance.name, reasons: reasons))
                continue
            }
            let changes = Self.changes(previous.withoutPlaces, instance.withoutPlaces)
            if !changes.isEmpty { later.append(.updateInstance(name: instance.name, changes: changes)) }
        }
        steps += later
        compareGroups(old, new)
    }

    private mutating func compareGlobals(_ old: Configuration, _ new: Configuration) {
        var oldGlobal = old.global
        oldGlobal.lua = new.global.lua
        // Instances have taken what it says of them.
        oldGlobal.guardSettings = new.global.guardSettings
        var newGlobal = new.global
        oldGlobal.scripts = oldGlobal.scripts.withoutPlaces
        newGlobal.scripts = newGlobal.scripts.withoutPlaces
        if oldGlobal != newGlobal {
            steps.append(.updateGlobalSettings(changes: Self.changes(old.global, new.global)))
        }
        if old.plugins.map(\.withoutPlaces) != new.plugins.map(\.withoutPlaces) || old.global.lua != new.global.lua {
            steps.append(.reloadScripts)
        }
        if old.scripts.map(\.withoutPlaces) != new.scripts.map(\.withoutPlaces) { steps.append(.updateScripts) }
        if old.trackProcesses.map(\.withoutPlaces) != new.trackProcesses.map(\.withoutPlaces) {
            steps.append(.updateTrackProcesses)
        }
    }

    private mutating func compareGroups(_ old: Configuration, _ new: Configuration) {
        let before = Dictionary(old.syncGroups.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let names = Set(new.syncGroups.map(\.name))
        for group in old.syncGroups where !names.contains(group.name) {
            steps.append(.removeSyncGroup(name: group.name))
        }
        for group in new.syncGroups {
            guard let previous = before[group.name] else {
                steps.append(.addSyncGroup(name: group.name))
                continue
            }
            if previous.withoutPlaces != group.withoutPlaces { steps.append(.updateSyncGroup(name: group.name)) }
        }
    }

    /// What makes an instance another one to its peers: keepalived keeps the state when these match.
    private static func identityChanges(_ old: InstanceSettings, _ new: InstanceSettings) -> [String] {
        var changes = Changes(old, new)
        changes.value("virtual_router_id", \.virtualRouterID)
        changes.value("interface", \.interface)
        changes.value("family", \.family)
        changes.value("version", \.version.rawValue)
        changes.value("unicast", \.isUnicast)
        changes.optional("source address", \.sourceAddress)
        changes.optional("multicast group", \.multicastDestination)
        return changes.words
    }

    private static func changes(_ old: InstanceSettings, _ new: InstanceSettings) -> [String] {
        var changes = Changes(old, new)
        changes.value("priority", \.priority)
        changes.value("advert_int", \.interval)
        changes.value("state MASTER", \.startsAsMaster)
        changes.value("preempt", \.preempts)
        changes.value("preempt_delay", \.preemptDelay)
        changes.value("down_timer_adverts", \.downTimerAdverts)
        changes.list("authentication", \.authentication)
        changes.list("virtual_ipaddress", \.addresses)
        changes.list("virtual_ipaddress_excluded", \.excludedAddresses)
        changes.list("unicast_peer", \.unicastPeers)
        changes.value("unicast_ttl", \.unicastTTL)
        changes.value("check_unicast_src", \.checksUnicastSource)
        changes.list("garp_*", \.announce)
        changes.value("answers a lower priority", \.answersLowerPriority)
        changes.value("higher_prio_send_advert", \.sendsAdvertToHigherPriority)
        changes.value("skip_check_adv_addr", \.skipsAddressListCheck)
        changes.value("strict_mode", \.isStrict)
        changes.value("v3_checksum_as_v2", \.sendsMessageChecksum)
        changes.value("tracks its interface", \.tracksOwnInterface)
        changes.list("track_interface", \.trackedInterfaces)
        changes.list("track_lua or track_script", \.trackedChecks)
        changes.list("track_process", \.trackedProcesses)
        changes.list("promotion_gate", \.promotionGates)
        changes.list("track_script", \.trackedScripts)
        changes.list("notify scripts", \.notify)
        changes.value("guard", \.guardSettings.isOn)
        changes.value("guard probe", \.guardSettings.probes)
        changes.optional("guard hold_max", \.guardSettings.holdMaximum)
        changes.value("guard foreign_claim", \.guardSettings.foreignClaim.rawValue)
        changes.value("guard deaf_peer", \.guardSettings.deafPeer.rawValue)
        changes.value("guard tap", \.guardSettings.tap.rawValue)
        changes.value("guard release_grace", \.guardSettings.releaseGrace)
        changes.value("guard channel", \.guardSettings.hasChannel)
        changes.list("guard key", \.guardSettings.key)
        changes.list("guard peers", \.guardSettings.peers)
        changes.list("guard heartbeat_interfaces", \.guardSettings.heartbeatInterfaces)
        changes.value("guard dead_man", \.guardSettings.hasDeadMan)
        changes.value("guard fence", \.guardSettings.fence.rawValue)
        return changes.words
    }

    private static func changes(_ old: GlobalSettings, _ new: GlobalSettings) -> [String] {
        var changes = Changes(old, new)
        changes.optional("router_id", \.routerID)
        changes.value("vrrp_startup_delay", \.startupDelay)
        changes.optional("vrrp_rt_priority", \.realTimePriority)
        changes.optional("vrrp_priority", \.processPriority)
        changes.value("vrrp_no_swap", \.locksMemory)
        changes.value("vrrp_garp_interval", \.garpInterval)
        changes.value("vrrp_gna_interval", \.gnaInterval)
        changes.value("vrrp_mcast_group4", \.multicastGroup4)
        changes.value("vrrp_mcast_group6", \.multicastGroup6)
        changes.value("dynamic_interfaces", \.dynamicInterfaces)
        changes.value("log_unknown_vrids", \.logsUnknownVirtualRouters)
        changes.list("scripts", \.scripts.withoutPlaces)
        changes.value("guard port", \.guardPort)
        return changes.words
    }
}

/// Collects what differs between two settings, in words.
private struct Changes<Settings> {
    let old: Settings
    let new: Settings
    private(set) var words: [String] = []

    init(_ old: Settings, _ new: Settings) {
        self.old = old
        self.new = new
    }

    /// "priority 200 → 150"
    mutating func value<Value: Equatable>(_ name: String, _ path: KeyPath<Settings, Value>) {
        let (before, after) = (old[keyPath: path], new[keyPath: path])
        if before != after { words.append("\(name) \(text(before)) → \(text(after))") }
    }

    mutating func optional<Value: Equatable>(_ name: String, _ path: KeyPath<Settings, Value?>) {
        let (before, after) = (old[keyPath: path], new[keyPath: path])
        guard before != after else { return }
        words.append("\(name) \(before.map(text) ?? "none") → \(after.map(text) ?? "none")")
    }

    /// Lists are long and passwords are secret; that they changed is enough.
    mutating func list<Value: Equatable>(_ name: String, _ path: KeyPath<Settings, Value>) {
        if old[keyPath: path] != new[keyPath: path] { words.append(name) }
    }

    private func text<Value>(_ value: Value) -> String {
        guard let span = value as? Duration else { return String(describing: value) }
        return span.secondsText + " s"
    }
}

// Where something is written doesn't matter to a reload; a comment more above it must not cause one.
private let nowhere = SourceLocation(file: "", line: 0, column: 0)

extension InstanceSettings {
    fileprivate var isUnicast: Bool { !unicastPeers.isEmpty }

    fileprivate var withoutPlaces: Self {
        var copy = self
        copy.location = nowhere
        for index in copy.addresses.indices { copy.addresses[index].location = nowhere }
        for index in copy.excludedAddresses.indices { copy.excludedAddresses[index].location = nowhere }
        for index in copy.trackedChecks.indices { copy.trackedChecks[index].location = nowhere }
        for index in copy.trackedProcesses.indices { copy.trackedProcesses[index].location = nowhere }
        for index in copy.promotionGates.indices { copy.promotionGates[index].location = nowhere }
        for index in copy.trackedScripts.indices { copy.trackedScripts[index].location = nowhere }
        copy.notify = copy.notify.withoutPlaces
        return copy
    }
}

extension SyncGroupSettings {
    fileprivate var withoutPlaces: Self {
        var copy = self
        copy.location = nowhere
        for index in copy.trackedChecks.indices { copy.trackedChecks[index].location = nowhere }
        for index in copy.trackedProcesses.indices { copy.trackedProcesses[index].location = nowhere }
        for index in copy.trackedScripts.indices { copy.trackedScripts[index].location = nowhere }
        copy.notify = copy.notify.withoutPlaces
        return copy
    }
}

extension ScriptCommand {
    fileprivate var withoutPlaces: Self {
        var copy = self
        copy.location = nowhere
        copy.width = 0
        return copy
    }
}

extension ScriptSettings {
    fileprivate var withoutPlaces: Self {
        var copy = self
        copy.location = nowhere
        copy.command = copy.command.withoutPlaces
        return copy
    }
}

extension NotifySettings {
    fileprivate var withoutPlaces: Self {
        var copy = self
        copy.master = master?.withoutPlaces
        copy.backup = backup?.withoutPlaces
        copy.fault = fault?.withoutPlaces
        copy.stop = stop?.withoutPlaces
        copy.deleted = deleted?.withoutPlaces
        copy.any = any?.withoutPlaces
        copy.lowerPriorityHeard = lowerPriorityHeard?.withoutPlaces
        return copy
    }
}

extension ScriptDefaults {
    fileprivate var withoutPlaces: Self {
        var copy = self
        copy.startup = startup?.withoutPlaces
        copy.shutdown = shutdown?.withoutPlaces
        copy.fifo = fifo?.withoutPlaces
        copy.vrrpFIFO = vrrpFIFO?.withoutPlaces
        return copy
    }
}

extension OnceSettings {
    fileprivate var withoutPlaces: Self { OnceSettings(command: command.withoutPlaces, timeout: timeout) }
}

extension FIFOSettings {
    fileprivate var withoutPlaces: Self {
        var copy = self
        copy.location = nowhere
        copy.reader = reader?.withoutPlaces
        return copy
    }
}

extension PluginSettings {
    fileprivate var withoutPlaces: Self {
        var copy = self
        copy.location = nowhere
        for index in copy.options.indices { copy.options[index].location = nowhere }
        return copy
    }
}

extension TrackProcessSettings {
    fileprivate var withoutPlaces: Self {
        var copy = self
        copy.location = nowhere
        return copy
    }
}
