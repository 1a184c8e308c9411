/// The rules within one instance: a draft → settings that hold together.
import Wire

struct InstanceRules {
    let findings: Findings
    let host: HostFacts

    func settle(_ draft: InstanceDraft) -> InstanceSettings {
        var settings = draft.settings
        settings.family = family(draft)
        settings.version = version(draft, settings.family)
        settings.interval = interval(draft, settings.version)
        settings.authentication = authentication(draft, settings.version)
        requireIdentity(draft)
        settlePreemption(draft, &settings)
        UnicastRules(findings: findings).settle(draft, &settings)
        AddressRules(findings: findings, host: host).settle(draft, &settings)
        GuardRules(findings: findings, host: host).settle(draft.guardDraft, of: &settings)
        if settings.isStrict { settleStrict(draft, &settings) }
        return settings
    }

    /// The first VIP decides, as in keepalived; without one, the source or the first peer.
    private func family(_ draft: InstanceDraft) -> AddressFamily {
        draft.settings.addresses.first?.address.family ?? draft.settings.sourceAddress?.family
            ?? draft.settings.unicastPeers.first?.address.family ?? .ipv4
    }

    private func version(_ draft: InstanceDraft, _ family: AddressFamily) -> VRRPVersion {
        guard family == .ipv6 else { return draft.version ?? .v2 }
        if let word = draft.places["version"] ?? draft.places["vrrp_version"], draft.version == .v2 {
            findings.error(
                "VRRP version 2 knows no IPv6", at: word, hint: "remove this line; IPv6 instances speak version 3")
        }
        return .v3
    }

    private func interval(_ draft: InstanceDraft, _ version: VRRPVersion) -> Duration {
        guard let given = draft.interval else { return .seconds(1) }
        let word = draft.place("advert_int")
        switch version {
        case .v2:
            let rounded = max(Duration.seconds(1), Duration.seconds((given + .milliseconds(500)).components.seconds))
            if rounded != given {
                findings.warn(
                    "advert_int \(given.secondsText) is rounded to \(rounded.secondsText): version 2 knows whole seconds",
                    at: word, hint: "write \"version 3\" on every node for shorter intervals")
            }
            return rounded
        case .v3:
            guard given <= .milliseconds(40_950) else {
                findings.error(
                    "advert_int \(given.secondsText) is too long for version 3", at: word,
                    hint: "advert_int takes 0.01 to 40.95 seconds in version 3")
                return .seconds(1)
            }
            let (seconds, attoseconds) = (given + .milliseconds(5)).components
            let rounded = Duration.milliseconds((seconds * 100 + attoseconds / 10_000_000_000_000_000) * 10)
            if rounded != given {
                findings.warn(
                    "advert_int \(given.secondsText) is rounded to \(rounded.secondsText): version 3 knows hundredths of a second",
                    at: word, hint: "write advert_int \(rounded.secondsText)")
            }
            return rounded
        }
    }

    private func authentication(_ draft: InstanceDraft, _ version: VRRPVersion) -> Authentication {
        let block = draft.place("authentication")
        switch draft.authenticationType?.text {
        case nil:
            if let password = draft.password {
                findings.warn(
                    "auth_pass without auth_type has no effect", at: password,
                    hint: "write auth_type PASS in front of it")
            }
            return .none
        case "PASS": break
        case "AH":
            findings.error(
                "halua can't speak auth_type AH", at: draft.authenticationType ?? block,
                hint: "write auth_type PASS, or remove authentication, on every node at the same time")
            return .none
        case .some(let other):
            findings.error(
                "unknown auth_type \"\(other)\"", at: draft.authenticationType ?? block, hint: "write auth_type PASS")
            return .none
        }
        guard let password = draft.password, !password.text.isEmpty else {
            findings.error(
                "auth_type PASS without a password", at: draft.password ?? draft.authenticationType ?? block,
                hint: "write auth_pass and up to 8 characters, the same on every node")
            return .none
        }
        guard version == .v2 else {
            findings.warn(
                "authentication is ignored: VRRP version 3 has none", at: draft.authenticationType ?? block,
                hint: "remove the block; adverts carry no password")
            return .none
        }
        if password.text.utf8.count > 8 {
            findings.warn(
                "auth_pass is longer than 8 characters and is cut to the first 8", at: password,
                hint: "keepalived cuts it too, so nodes agree; write 8 characters to be clear")
        }
        return .password(Password(password.text))
    }

    private func requireIdentity(_ draft: InstanceDraft) {
        if draft.places["virtual_router_id"] == nil {
            findings.error(
                "vrrp_instance \"\(draft.name.text)\" has no virtual_router_id", at: draft.name,
                hint: "write virtual_router_id and a number from 1 to 255, the same on every node")
        }
        let interface = draft.settings.interface
        let word = draft.place("interface")
        guard !interface.isEmpty else {
            guard draft.places["interface"] == nil else { return }
            findings.error(
                "vrrp_instance \"\(draft.name.text)\" has no interface", at: draft.name,
                hint: "write interface and a name from \"ip link\"")
            return
        }
        guard interface != "lo", host.interfaces?[interface]?.isLoopback != true else {
            findings.error(
                "\"\(interface)\" is a loopback interface, which reaches no other node", at: word,
                hint: "name the interface that the nodes share")
            return
        }
        host.require(interface, at: word, findings)
    }

    /// What keepalived clears, with the reason.
    private func settlePreemption(_ draft: InstanceDraft, _ settings: inout InstanceSettings) {
        settings.startsAsMaster = draft.places["state"] == nil ? settings.priority == 255 : draft.isStateMaster
        let reason: String? =
            if draft.isStateMaster {
                "state is MASTER"
            } else if settings.priority == 255 {
                "priority is 255"
            } else {
                nil
            }
        if let reason {
            if !settings.preempts {
                findings.warn(
                    "nopreempt is ignored because \(reason), as in keepalived", at: draft.place("nopreempt"),
                    hint: "write state BACKUP and a priority below 255 on every node to keep nopreempt")
                settings.preempts = true
            }
            if settings.preemptDelay > .zero {
                findings.warn(
                    "preempt_delay is ignored because \(reason), as in keepalived", at: draft.place("preempt_delay"),
                    hint: "write state BACKUP and a priority below 255 to keep preempt_delay")
                settings.preemptDelay = .zero
            }
        } else if !settings.preempts, settings.preemptDelay > .zero {
            findings.warn(
                "preempt_delay has no effect beside nopreempt", at: draft.place("preempt_delay"),
                hint: "remove one of them")
            settings.preemptDelay = .zero
        }
    }

    /// The parts of vrrp_strict that mean something here.
    private func settleStrict(_ draft: InstanceDraft, _ settings: inout InstanceSettings) {
        let word = draft.places["strict_mode"] ?? draft.name
        if settings.authentication != .none {
            findings.warn(
                "authentication is ignored in strict mode", at: draft.place("auth_type"),
                hint: "remove it or vrrp_strict; all nodes must do the same")
            settings.authentication = .none
        }
        if settings.preemptDelay > .zero {
            findings.warn(
                "preempt_delay is ignored in strict mode", at: draft.place("preempt_delay"),
                hint: "remove it or vrrp_strict")
            settings.preemptDelay = .zero
        }
        if !settings.unicastPeers.isEmpty {
            findings.warn(
                "strict mode knows no unicast; unicast is kept", at: draft.place("unicast_peer"),
                hint: "remove vrrp_strict from nodes that use unicast")
        }
        if settings.priority != 255 {
            findings.warn(
                "strict mode asks to drop packets to a VIP (no_accept); halua does not drop any", at: word,
                hint: "remove vrrp_strict unless you need it: it makes VIPs unreachable in keepalived")
        }
        settings.answersLowerPriority = false
        settings.sendsAdvertToHigherPriority = false
        settings.downTimerAdverts = 3
        settings.announce.lowerPriorityDelay = .zero
        settings.announce.lowerPriorityRepetitions = 0
    }
}
