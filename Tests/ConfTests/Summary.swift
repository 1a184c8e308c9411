/// A configuration as text: one line per instance, group and plugin, for golden files.
import KeepalivedConf
import Wire

func summary(_ configuration: Configuration) -> String {
    var lines: [String] = []
    let global = configuration.global
    lines.append(
        "global router_id=\(global.routerID ?? "-") startup_delay=\(global.startupDelay) group4=\(global.multicastGroup4)"
            + " group6=\(global.multicastGroup6) garp=\(global.garpInterval) gna=\(global.gnaInterval)"
            + " dynamic=\(global.dynamicInterfaces) unknown_vrids=\(global.logsUnknownVirtualRouters)")
    if global.guardPort != 3768 { lines.append("guard port \(global.guardPort)") }
    if global.lua.runsStopHooksFirst { lines.append("stop hooks first") }
    lines += configuration.instances.flatMap(summary)
    lines += configuration.syncGroups.map { group in
        "group \(group.name): \(group.members.joined(separator: " "))\(tracking(group.trackedInterfaces, group.trackedChecks, group.trackedProcesses))\(programs(group.trackedScripts, group.notify))"
    }
    lines += configuration.plugins.map { plugin in
        let options = plugin.options.map { "\($0.key)=\($0.values.joined(separator: ","))" }.joined(separator: " ")
        return "plugin \(plugin.file) as \(plugin.name): \(options)"
    }
    lines += configuration.trackProcesses.map { process in
        "process \(process.name): \(process.command) arguments=\(process.matchesArguments) weight=\(process.weight)"
            + " quorum=\(process.quorum)...\(process.quorumMaximum.map(String.init) ?? "")"
            + " delays=\(process.forkDelay)/\(process.terminateDelay)"
    }
    lines += configuration.luaScripts.map { "script \($0.name): \(check($0.check))" }
    lines += configuration.scripts.map(script)
    lines += scripting(configuration.global.scripts)
    return lines.joined(separator: "\n") + "\n"
}

private func summary(_ instance: InstanceSettings) -> [String] {
    var lines = [
        "instance \(instance.name) on \(instance.interface) vrid=\(instance.virtualRouterID) priority=\(instance.priority)"
            + " version=\(instance.version.rawValue) \(instance.family) interval=\(instance.interval)"
            + " master=\(instance.startsAsMaster) preempts=\(instance.preempts) delay=\(instance.preemptDelay)"
            + " down=\(instance.downTimerAdverts)"
    ]
    if case .password(let password) = instance.authentication {
        lines.append("  password \(String(password.rawValue, radix: 16))")
    }
    lines += instance.addresses.map { "  vip \(address($0))" }
    lines += instance.excludedAddresses.map { "  excluded \(address($0))" }
    if let source = instance.sourceAddress { lines.append("  source \(source)") }
    if let group = instance.multicastDestination { lines.append("  to \(group)") }
    lines += instance.unicastPeers.map { peer in
        "  peer \(peer.address) ttl=\(peer.minimumTTL.map(String.init) ?? "")...\(peer.maximumTTL.map(String.init) ?? "")"
    }
    if instance.unicastTTL != 255 || !instance.checksUnicastSource {
        lines.append("  unicast ttl=\(instance.unicastTTL) checked=\(instance.checksUnicastSource)")
    }
    let announce = instance.announce
    if announce != AnnounceSettings() {
        lines.append(
            "  garp delay=\(announce.delay) repeat=\(announce.repetitions) refresh=\(announce.refresh)"
                + "*\(announce.refreshRepetitions) lower=\(announce.lowerPriorityDelay.map { "\($0)" } ?? "-")"
                + "*\(announce.lowerPriorityRepetitions.map(String.init) ?? "-")")
    }
    let flags = [
        (!instance.answersLowerPriority, "lower_prio_no_advert"),
        (instance.sendsAdvertToHigherPriority, "higher_prio_send_advert"),
        (instance.skipsAddressListCheck, "skip_check_adv_addr"), (instance.isStrict, "strict"),
        (instance.sendsMessageChecksum, "v3_checksum_as_v2"), (!instance.tracksOwnInterface, "dont_track_primary"),
    ].filter(\.0).map(\.1)
    if !flags.isEmpty { lines.append("  " + flags.joined(separator: " ")) }
    let tracked = tracking(instance.trackedInterfaces, instance.trackedChecks, instance.trackedProcesses)
    if !tracked.isEmpty { lines.append(" " + tracked) }
    if !instance.promotionGates.isEmpty {
        lines.append("  gates " + instance.promotionGates.map(\.name).joined(separator: " "))
    }
    if instance.guardSettings != GuardSettings() { lines.append("  guard " + guardWords(instance)) }
    let programs = programs(instance.trackedScripts, instance.notify)
    if !programs.isEmpty { lines.append(" " + programs) }
    return lines
}

private func guardWords(_ instance: InstanceSettings) -> String {
    let settings = instance.guardSettings
    let switches = [
        (settings.isOn, "on"), (settings.probes, "probe"), (settings.hasChannel, "channel"),
        (settings.hasDeadMan, "dead_man"), (instance.isFenced, "fenced"),
    ].filter(\.0).map(\.1)
    return switches.joined(separator: " ") + " hold_max=\(settings.holdMaximum.map { "\($0)" } ?? "-")"
        + " \(settings.foreignClaim) \(settings.deafPeer) tap=\(settings.tap.rawValue)"
        + " grace=\(settings.releaseGrace) key=\(settings.key.map { "\($0.octets.count) octets" } ?? "-")"
        + " fence=\(settings.fence) peers=\(instance.guardPeers.map { "\($0)" })"
        + " heartbeat=\(settings.heartbeatInterfaces)"
}

private func programs(_ tracked: [TrackedScript], _ notify: NotifySettings) -> String {
    let checks = tracked.map { " script:\($0.name)*\($0.weight)\($0.isReversed ? "r" : "")" }
    return (checks + notify.commands.map { " \($0.keyword):\(command($0.command))" }).joined()
}

private func command(_ command: ScriptCommand) -> String {
    let user = command.user.map { " as \($0.name):\($0.group ?? "-")\($0.hasSupplementaryGroups ? "+" : "")" }
    return "\(command.words)\(user ?? "")"
}

private func script(_ script: ScriptSettings) -> String {
    "script \(script.name): \(command(script.command)) every \(script.interval) within \(script.timeout)"
        + " weight \(script.weight)\(script.isReversed ? "r" : "") rise \(script.rise) fall \(script.fall)"
        + (script.startsFailed ? " init_fail" : "")
}

private func scripting(_ settings: ScriptDefaults) -> [String] {
    var lines: [String] = []
    if let user = settings.user { lines.append("script_user \(user.name):\(user.group ?? "-")") }
    if !settings.demandsSafePaths { lines.append("unsafe paths allowed") }
    for fifo in [settings.fifo, settings.vrrpFIFO] {
        if let fifo { lines.append("fifo \(fifo.path) reader \(fifo.reader.map(command) ?? "-")") }
    }
    return lines
}

private func address(_ address: VirtualAddress) -> String {
    var text = "\(address.address)/\(address.prefixLength)"
    if let interface = address.interface { text += " dev \(interface)" }
    if let label = address.label { text += " label \(label)" }
    if let broadcast = address.broadcast { text += " brd \(broadcast)" }
    if let scope = address.scope { text += " scope \(scope)" }
    return text
}

private func tracking(
    _ interfaces: [TrackedInterface], _ checks: [TrackedLuaCheck], _ processes: [TrackedProcess]
) -> String {
    let interfaces = interfaces.map { " interface:\($0.name)*\($0.weight)\($0.isReversed ? "r" : "")" }
    let checks = checks.map { " check:\(check($0))" }
    let processes = processes.map {
        " process:\($0.name)*\($0.weight.map(String.init) ?? "-")\($0.isReversed ? "r" : "")"
    }
    return (interfaces + checks + processes).joined()
}

private func check(_ check: TrackedLuaCheck) -> String {
    var text = "\(check.name)*\(check.weight.map(String.init) ?? "-")\(check.isReversed ? "r" : "")"
    if let interval = check.interval { text += "/every \(interval)" }
    if let timeout = check.timeout { text += "/within \(timeout)" }
    if let rise = check.rise { text += "/rise \(rise)" }
    if let fall = check.fall { text += "/fall \(fall)" }
    return check.startsFailed ? text + "/init_fail" : text
}
