/// Collects what the daemon knows into the report of `halua status`.
import ControlProtocol
import Glibc
import KeepalivedConf
import LinuxIO
import LuaHost
import VRRPCore
import Wire

/// The version that `haluad -v`, `halua --version` and the report give.
package let haluaVersion = "0.1.0"

extension Daemon {
    func statusReport() -> StatusReport {
        StatusReport(
            version: haluaVersion, processID: Int(getpid()),
            uptimeMs: milliseconds(loop.now - startedNanoseconds), host: hostName(),
            configurationFile: options.configurationFile ?? defaultConfiguration,
            instances: router.ids.compactMap { id in runtimes[id].map { status(of: $0, router[id]) } },
            drops: strayDrops(), processEvents: processes?.sourceText ?? "not needed",
            scriptSilenceMs: (scripts?.silence).map { milliseconds($0.inNanoseconds) },
            plugins: scripts?.pluginNames ?? [], lostNotices: shell?.losses ?? [])
    }

    private func strayDrops() -> [Counter] {
        DecodeError.Counter.allCases.map { Counter($0.rawValue, Int(receivers.undecodable[$0] ?? 0)) }
            + [Counter("unknown-vrid", Int(receivers.unknownVirtualRouters))]
    }

    func status(of runtime: InstanceRuntime, _ instance: Instance) -> InstanceStatus {
        let config = instance.config
        var report = InstanceStatus(
            name: config.name, state: instance.state.name,
            stateAgeMs: milliseconds(loop.now - instance.since.nanoseconds), interface: runtime.settings.interface,
            virtualRouterID: Int(config.virtualRouterID), vrrpVersion: Int(config.version.rawValue),
            family: config.family == .ipv4 ? "IPv4" : "IPv6", priority: Int(instance.priority),
            basePriority: Int(config.basePriority), priorityExplanation: instance.explanation,
            intervalMs: milliseconds(config.interval.inNanoseconds),
            masterDownIntervalMs: milliseconds(instance.ownMasterDownInterval.inNanoseconds),
            preempts: config.preempts,
            addresses: runtime.allAddresses.map { "\($0.address)/\($0.prefixLength)" },
            holdsAddresses: !runtime.held.isEmpty, source: runtime.source.map { "\($0)" },
            master: master(of: runtime, instance), faults: instance.faults,
            checks: zip(instance.checks, runtime.checkSources).map { status(of: $0, $1) },
            gates: instance.gates.map { status(of: $0) },
            isGuarded: config.guarding != nil, guardNotes: guardLines(of: runtime.id),
            guardPeers: guardPeers(of: runtime.id),
            lastTransition: publisher.lastTransition(of: runtime.id), transitions: Int(instance.sequence),
            statistics: counters(instance.statistics), drops: drops(instance.statistics))
        report.group = instance.group
        report.groupMembers = configuration.syncGroups.first { $0.name == instance.group }?.members ?? []
        report.timers = timers(of: instance)
        report.preemptDelayMs = milliseconds(config.preemptDelay.inNanoseconds)
        report.flapHoldMs = instance.preemptionHold(at: now).map { milliseconds($0.inNanoseconds) }
        report.operatorRequest = operators.status(of: config.name)
        return report
    }

    /// What the core waits for, as far as it tells an operator something.
    private func timers(of instance: Instance) -> [TimerStatus] {
        let named: [(Timer, String)] = [
            (.startupDelay, "startup_delay"), (.masterDown, "master_down"), (.preemptDelay, "preempt_delay"),
            (.gate, "gate"), (.lease, "lease"), (.advert, "advert"), (.sendRetry, "send_retry"),
        ]
        return named.compactMap { timer, name in
            instance.deadline(of: timer).map {
                TimerStatus(name, dueMs: max(0, milliseconds($0.nanoseconds - loop.now)))
            }
        }
    }

    private func master(of runtime: InstanceRuntime, _ instance: Instance) -> MasterStatus? {
        if instance.state == .master {
            return runtime.source.map {
                MasterStatus(address: "\($0)", priority: Int(instance.priority), lastHeardMs: nil)
            }
        }
        return instance.master.map {
            MasterStatus(
                address: "\($0.address)", priority: Int($0.priority),
                lastHeardMs: milliseconds(loop.now - $0.lastHeard.nanoseconds))
        }
    }

    private func status(of check: TrackedCheck, _ source: CheckSource) -> CheckStatus {
        let state =
            switch check.state {
            case .unknown: "unknown"
            case .up: "up"
            case .down: "down"
            }
        var record: CheckRecord?
        switch source {
        case .lua(let name): record = scripts?.records[name]
        case .script(let name): record = shell?.records[name]
        case .process: break
        }
        var report = CheckStatus(
            name: check.config.name, state: check.defect == nil ? state : "error", weight: check.config.weight,
            // A bug's traceback is in the log; here is its first line, with file and line.
            reason: oneLine(check.defect ?? (check.state == .down ? check.reason : "")), runs: record?.runs ?? 0,
            lastRunMs: record.map { milliseconds(loop.now - $0.lastRunNanoseconds) })
        report.failures = record?.failures ?? 0
        report.lastDurationUs = record.map { Int($0.took.inNanoseconds / 1_000) }
        (report.rise, report.fall) = (check.config.rise, check.config.fall)
        report.isReversed = check.config.isReversed
        return report
    }

    private func status(of gate: Gate) -> GateStatus {
        var state = "not asked"
        var reason = ""
        switch gate.outcome {
        case .allowed: state = "allowed"
        case .excused(let why): (state, reason) = ("excused", why)
        case .denied(let why): (state, reason) = ("denied", why)
        case nil: break
        }
        if gate.deadline != nil { state = "asking" }
        return GateStatus(
            name: gate.config.name, state: state, reason: reason,
            answeredMs: gate.answered.map { milliseconds(loop.now - $0.nanoseconds) },
            deadlineMs: gate.deadline.map { milliseconds($0.nanoseconds - loop.now) },
            leaseMs: gate.leaseEnd.map { milliseconds($0.nanoseconds - loop.now) })
    }

    private func counters(_ statistics: Statistics) -> [Counter] {
        [
            Counter("master-transitions", Int(statistics.masterTransitions)),
            Counter("advertisements-received", Int(statistics.advertisementsReceived)),
            Counter("advertisements-sent", Int(statistics.advertisementsSent)),
            Counter("priority-zero-received", Int(statistics.priorityZeroReceived)),
            Counter("priority-zero-sent", Int(statistics.priorityZeroSent)),
            Counter("send-errors", Int(statistics.sendErrors)),
            Counter("late-advertisements", Int(statistics.lateAdvertisements)),
            Counter("interval-errors", Int(statistics.advertisementIntervalErrors)),
            Counter("ttl-errors", Int(statistics.ipTTLErrors)),
            Counter("authentication-errors", Int(statistics.authenticationErrors)),
            Counter("address-list-errors", Int(statistics.addressListErrors)),
            Counter("version-errors", Int(statistics.versionErrors)),
        ]
    }

    private func drops(_ statistics: Statistics) -> [Counter] {
        DropReason.allCases.map { Counter($0.word, Int(statistics.dropped($0))) }
    }
}

extension DropReason {
    /// The counter's name in the report.
    var word: String {
        switch self {
        case .unknownVirtualRouter: "unknown-vrid"
        case .version: "version"
        case .timeToLive: "ttl"
        case .destination: "destination"
        case .unknownPeer: "unknown-peer"
        case .source: "source"
        case .authenticationType: "authentication-type"
        case .password: "password"
        case .intervalZero: "interval-zero"
        case .intervalDiffers: "interval-differs"
        case .noAddresses: "no-addresses"
        case .notLinkLocalFirst: "not-link-local-first"
        case .addressListDiffers: "address-list-differs"
        }
    }
}

/// The first line of a text.
private func oneLine(_ text: String) -> String { String(text.prefix { !$0.isNewline }) }

func milliseconds(_ nanoseconds: Int64) -> Int { Int(nanoseconds / 1_000_000) }
