/// From the operator's words to the core's: one instance of the configuration becomes an `InstanceConfig`.
import KeepalivedConf
import LuaHost
import VRRPCore
import Wire

/// What runs behind one check of an instance.
package enum CheckSource: Hashable, Sendable {
    /// "plugin.check"
    case lua(String)
    /// The name of a vrrp_track_process block.
    case process(String)
    /// The name of a vrrp_script block that runs a program.
    case script(String)
}

/// An instance as the core gets it, with the source of each of its checks in the same order.
package struct TranslatedInstance: Hashable, Sendable {
    package var config: InstanceConfig
    package var checkSources: [CheckSource]
}

/// Everything that a translation looks up: the whole configuration and what the plugins registered.
package struct TranslationContext {
    package var configuration: Configuration
    package var registeredChecks: [String: RegisteredCheck]
    package var registeredGates: [String: RegisteredGate]

    package init(_ configuration: Configuration, _ checks: [RegisteredCheck], _ gates: [RegisteredGate] = []) {
        self.configuration = configuration
        registeredChecks = Dictionary(checks.map { ($0.name, $0) }) { first, _ in first }
        registeredGates = Dictionary(gates.map { ($0.name, $0) }) { first, _ in first }
    }
}

package func translate(_ settings: InstanceSettings, in context: TranslationContext) -> TranslatedInstance {
    var config = InstanceConfig(
        name: settings.name, version: settings.version, family: settings.family,
        virtualRouterID: settings.virtualRouterID, basePriority: settings.priority, interval: settings.interval)
    config.startsAsMaster = settings.startsAsMaster
    config.preempts = settings.preempts
    config.preemptDelay = settings.preemptDelay
    config.startupDelay = context.configuration.global.startupDelay
    config.downTimerAdverts = settings.downTimerAdverts
    config.answersLowerPriority = settings.answersLowerPriority
    config.sendsAdvertToHigherPriority = settings.sendsAdvertToHigherPriority
    config.announce = translate(settings.announce)
    config.virtualAddresses = settings.addresses.map(\.address)
    config.receive = receivePolicy(settings)
    config.gates = gateConfigs(settings, context.registeredGates)
    config.guarding = GuardConfig(settings.guardSettings)
    let groups = context.configuration.syncGroups.filter { $0.members.contains(settings.name) }
    config.trackedInterfaces = (settings.trackedInterfaces + groups.flatMap(\.trackedInterfaces))
        .filter { $0.weight != 0 }
        .map { TrackedInterfaceConfig(name: $0.name, weight: $0.weight, isReversed: $0.isReversed) }

    var sources: [CheckSource] = []
    func add(_ check: CheckConfig, _ source: CheckSource) {
        guard !sources.contains(source) else { return }
        config.checks.append(check)
        sources.append(source)
    }
    for tracked in settings.trackedChecks + groups.flatMap(\.trackedChecks) {
        add(translate(tracked, context.registeredChecks[tracked.name]), .lua(tracked.name))
    }
    for tracked in settings.trackedScripts + groups.flatMap(\.trackedScripts) {
        guard let script = context.configuration.scripts.first(where: { $0.name == tracked.name }) else { continue }
        let check = CheckConfig(
            name: tracked.name, weight: tracked.weight, isReversed: tracked.isReversed, rise: script.rise,
            fall: script.fall, startsFailed: script.startsFailed)
        add(check, .script(tracked.name))
    }
    for tracked in settings.trackedProcesses + groups.flatMap(\.trackedProcesses) {
        let process = context.configuration.trackProcesses.first { $0.name == tracked.name }
        let check = CheckConfig(
            name: tracked.name, weight: tracked.weight ?? process?.weight ?? 0, isReversed: tracked.isReversed)
        add(check, .process(tracked.name))
    }
    return TranslatedInstance(config: config, checkSources: sources)
}

/// The operator's value wins over the plugin's, the plugin's over the default (no weight: FAULT while down).
private func translate(_ tracked: TrackedLuaCheck, _ registered: RegisteredCheck?) -> CheckConfig {
    CheckConfig(
        name: tracked.name, weight: tracked.weight ?? registered?.weight ?? 0, isReversed: tracked.isReversed,
        rise: tracked.rise ?? registered?.rise ?? 1, fall: tracked.fall ?? registered?.fall ?? 1,
        startsFailed: tracked.startsFailed)
}

private func translate(_ settings: AnnounceSettings) -> AnnounceConfig {
    var config = AnnounceConfig()
    config.delay = settings.delay
    config.repetitions = settings.repetitions
    config.refresh = settings.refresh
    config.refreshRepetitions = settings.refreshRepetitions
    config.lowerPriorityDelay = settings.lowerPriorityDelay
    config.lowerPriorityRepetitions = settings.lowerPriorityRepetitions
    return config
}

private func receivePolicy(_ settings: InstanceSettings) -> ReceivePolicy {
    var policy = ReceivePolicy()
    policy.authentication = settings.version == .v2 ? settings.authentication : .none
    policy.isUnicast = !settings.unicastPeers.isEmpty
    policy.peers = settings.unicastPeers.map { peer in
        let lowest = peer.minimumTTL ?? 0
        let highest = peer.maximumTTL ?? 255
        let isChecked = (peer.minimumTTL != nil || peer.maximumTTL != nil) && lowest <= highest
        return VRRPCore.UnicastPeer(peer.address, timeToLive: isChecked ? lowest...highest : nil)
    }
    policy.checksUnicastSource = settings.checksUnicastSource
    policy.requiresLinkLocalFirst = settings.isStrict
    policy.requiresSameAddresses = settings.isStrict && !settings.skipsAddressListCheck
    return policy
}

/// How the script thread is to run the checks that some instance tracks, or that a hook listens to.
package func schedules(_ configuration: Configuration, listened: Set<String> = []) -> [CheckSchedule] {
    var byName: [String: CheckSchedule] = [:]
    let tracked = configuration.instances.flatMap(\.trackedChecks) + configuration.syncGroups.flatMap(\.trackedChecks)
    for check in tracked where byName[check.name] == nil {
        byName[check.name] = CheckSchedule(name: check.name, interval: check.interval, timeout: check.timeout)
    }
    for name in listened where byName[name] == nil { byName[name] = CheckSchedule(name: name) }
    return byName.values.sorted { $0.name < $1.name }
}
