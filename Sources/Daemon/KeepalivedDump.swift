/// The state in the form of keepalived's JSON dump (keepalived.conf(5), json_version 1), so that exporters for keepalived
/// read halua as well.
///
/// The keys and their order are those of keepalived 2.2.7. What differs: `auth_data` is empty, because no program that
/// only looks needs the password; `track_script` also names Lua checks and processes; `invalid_authtype` is always 0,
/// because halua counts every other type of authentication under `authtype_mismatch`.
import ControlProtocol
import KeepalivedConf
import LinuxIO
import VRRPCore
import Wire

extension Daemon {
    package func keepalivedDump() -> JSONValue {
        .array(
            router.ids.compactMap { id in
                runtimes[id].map { ["data": data(of: $0, router[id]), "stats": Self.stats(of: router[id])] }
            })
    }

    private func data(of runtime: InstanceRuntime, _ instance: Instance) -> JSONValue {
        let (settings, config) = (runtime.settings, instance.config)
        let announce = settings.announce
        let interval = Self.seconds(config.interval)
        let sinceTransition = Double(loop.now - instance.since.nanoseconds) / 1e9
        var members: [JSONValue.Member] = []
        func add(_ key: String, _ value: JSONValue) { members.append(JSONValue.Member(key, value)) }
        add("iname", .string(config.name))
        add("dont_track_primary", .integer(settings.tracksOwnInterface ? 0 : 1))
        add("skip_check_adv_addr", .integer(settings.skipsAddressListCheck ? 1 : 0))
        add("strict_mode", .integer(settings.isStrict ? 1 : 0))
        add("vmac_ifname", .string(""))
        add("ifp_ifname", .string(settings.interface))
        add("master_priority", .integer(instance.state == .master ? 0 : Int(instance.master?.priority ?? 0)))
        add("last_transition", .real(Double(Clock.realtime) / 1e9 - sinceTransition))
        add("garp_delay", Self.seconds(announce.delay))
        add("garp_refresh", Self.seconds(announce.refresh))
        add("garp_rep", .integer(announce.repetitions))
        add("garp_refresh_rep", .integer(announce.refreshRepetitions))
        add("garp_lower_prio_delay", Self.seconds(announce.lowerPriorityDelay ?? announce.delay))
        add("garp_lower_prio_rep", .integer(announce.lowerPriorityRepetitions ?? announce.repetitions))
        add("lower_prio_no_advert", .integer(settings.answersLowerPriority ? 0 : 1))
        add("higher_prio_send_advert", .integer(settings.sendsAdvertToHigherPriority ? 1 : 0))
        add("vrid", .integer(Int(config.virtualRouterID)))
        add("base_priority", .integer(Int(config.basePriority)))
        add("effective_priority", .integer(Int(instance.priority)))
        add("vipset", .boolean(!runtime.held.isEmpty))
        add("promote_secondaries", .boolean(false))
        add("adver_int", interval)
        add("master_adver_int", interval)
        add("accept", .integer(1))
        add("nopreempt", .boolean(!config.preempts))
        add("preempt_delay", Self.seconds(settings.preemptDelay))
        add("state", .integer(Self.number(of: instance.state)))
        // What the instance would be if nothing were broken.
        add("wantstate", .integer(Self.number(of: instance.state == .fault ? .backup : instance.state)))
        add("version", .integer(Int(config.version.rawValue)))
        add("smtp_alert", .boolean(configuration.plugins.contains { $0.name == "keepalived_mail" }))
        add("notify_deleted", .boolean(settings.notify.saysDeleted))
        add("vips", addresses(settings.addresses, runtime))
        if !settings.excludedAddresses.isEmpty { add("evips", addresses(settings.excludedAddresses, runtime)) }
        if !settings.trackedInterfaces.isEmpty {
            add("track_ifp", .array(settings.trackedInterfaces.map { .string($0.name) }))
        }
        let checks = runtime.checkSources.map { JSONValue.string(command(of: $0)) }
        if !checks.isEmpty { add("track_script", .array(checks)) }
        if case .password = settings.authentication {
            add("auth_type", .integer(1))
            add("auth_data", .string(""))
        }
        return .object(members)
    }

    /// `192.168.4.200/24 dev eth0 scope global label eth0:1 set`; a host's own prefix is not written.
    private func addresses(_ list: [VirtualAddress], _ runtime: InstanceRuntime) -> JSONValue {
        .array(
            list.map { virtual in
                let isHost = virtual.prefixLength == (virtual.address.family == .ipv4 ? 32 : 128)
                var text = "\(virtual.address)" + (isHost ? "" : "/\(virtual.prefixLength)")
                if let broadcast = virtual.broadcast { text += " brd \(broadcast)" }
                text += " dev \(virtual.interface ?? runtime.settings.interface) scope \(Self.scope(virtual))"
                if let label = virtual.label { text += " label \(label)" }
                let isSet = runtime.held.contains { $0.prefix.address == virtual.address }
                return .string(isSet ? text + " set" : text)
            })
    }

    private static func scope(_ virtual: VirtualAddress) -> String {
        switch virtual.scope ?? 0 {
        case 0: "global"
        case 200: "site"
        case 253: "link"
        case 254: "host"
        case 255: "nowhere"
        case let number: "\(number)"
        }
    }

    /// A program as keepalived quotes it, else the name of the check.
    private func command(of source: CheckSource) -> String {
        switch source {
        case .lua(let name), .process(let name): return name
        case .script(let name):
            let words = configuration.scripts.first { $0.name == name }?.command.words ?? [name]
            return words.map { "'\($0)'" }.joined(separator: " ")
        }
    }

    private static func stats(of instance: Instance) -> JSONValue {
        let statistics = instance.statistics
        let masters = Int(statistics.masterTransitions)
        return [
            "advert_rcvd": .integer(Int(statistics.advertisementsReceived)),
            "advert_sent": .integer(Int(statistics.advertisementsSent)),
            "become_master": .integer(masters),
            // Whoever became master and is not any more has left.
            "release_master": .integer(max(0, masters - (instance.state == .master ? 1 : 0))),
            "packet_len_err": .integer(Int(statistics.packetLengthErrors)),
            "advert_interval_err": .integer(Int(statistics.advertisementIntervalErrors)),
            "ip_ttl_err": .integer(Int(statistics.ipTTLErrors)),
            "invalid_type_rcvd": .integer(Int(statistics.invalidTypePackets)),
            "addr_list_err": .integer(Int(statistics.addressListErrors)),
            "invalid_authtype": .integer(0),
            "authtype_mismatch": .integer(Int(statistics.dropped(.authenticationType))),
            "auth_failure": .integer(Int(statistics.dropped(.password))),
            "pri_zero_rcvd": .integer(Int(statistics.priorityZeroReceived)),
            "pri_zero_sent": .integer(Int(statistics.priorityZeroSent)),
        ]
    }

    /// Whole seconds as an integer, as keepalived writes them.
    private static func seconds(_ duration: Duration) -> JSONValue {
        let nanoseconds = duration.inNanoseconds
        return nanoseconds % 1_000_000_000 == 0
            ? .integer(Int(nanoseconds / 1_000_000_000)) : .real(Double(nanoseconds) / 1e9)
    }

    /// keepalived's numbers of the states.
    private static func number(of state: State) -> Int {
        switch state {
        case .initialize: 0
        case .backup: 1
        case .master: 2
        case .fault: 3
        }
    }
}
