/// What `halua metrics` says of the virtual routers themselves: states, transitions, adverts, peers.
///
/// The label is `vrrp_instance` and not `instance`, which Prometheus gives to the host that it asks.
import ControlProtocol
import KeepalivedConf
import LinuxIO
import LuaHost
import VRRPCore
import Wire

extension LogField {
    /// The label that tells the instances of a host apart.
    static func vrrpInstance(_ name: String) -> LogField { LogField(key: "vrrp_instance", value: name) }
}

/// Why an instance came to a state, for counting.
package struct TransitionCause: Hashable, Sendable {
    package var to: State
    /// The word of the reason, such as "master_down".
    package var reason: String
}

extension MetricFamily {
    /// One of halua's own, without labels.
    init(_ kind: MetricKind, _ name: String, _ help: String, _ value: Double) {
        self.init(kind, name, help, [MetricSample(labels: [], value: value)])
    }

    /// One of halua's own.
    init(_ kind: MetricKind, _ name: String, _ help: String, _ samples: [MetricSample]) {
        self.init(plugin: "", name: name, help: help, kind: kind, samples: samples)
    }
}

extension Daemon {
    /// The daemon as a whole, and one sample or more for each instance.
    func instanceMetrics() -> [MetricFamily] {
        let all = router.ids.compactMap { runtimes[$0] }
        return daemonMetrics()
            + stateMetrics(all) + transitionMetrics(all) + advertMetrics(all)
            + [dropMetrics(all), peerMetrics(all), checkStates()]
    }

    private func daemonMetrics() -> [MetricFamily] {
        let version = MetricSample(labels: [LogField(key: "version", value: haluaVersion)], value: 1)
        return [
            MetricFamily(.gauge, "build_info", "The version that runs; the value is 1.", [version]),
            MetricFamily(
                .gauge, "uptime_seconds", "Since the daemon was started.",
                Double(loop.now - startedNanoseconds) / 1e9),
        ]
    }

    /// One family with one sample for each instance.
    private func each(
        _ kind: MetricKind, _ name: String, _ help: String, _ all: [InstanceRuntime],
        _ value: (InstanceRuntime, Instance) -> Double
    ) -> MetricFamily {
        MetricFamily(
            kind, name, help,
            all.map { runtime in
                let instance = router[runtime.id]
                return MetricSample(labels: [.vrrpInstance(instance.config.name)], value: value(runtime, instance))
            })
    }

    private func stateMetrics(_ all: [InstanceRuntime]) -> [MetricFamily] {
        let states = all.flatMap { runtime in
            let instance = router[runtime.id]
            return State.allCases.map { state in
                MetricSample(
                    labels: [
                        .vrrpInstance(instance.config.name), LogField(key: "state", value: state.name),
                    ], value: instance.state == state ? 1 : 0)
            }
        }
        let facts = all.map { runtime in
            let config = router[runtime.id].config
            return MetricSample(
                labels: [
                    .vrrpInstance(config.name), LogField(key: "interface", value: runtime.settings.interface),
                    LogField(key: "virtual_router_id", value: "\(config.virtualRouterID)"),
                    LogField(key: "vips", value: runtime.allAddresses.map { "\($0.address)" }.joined(separator: ",")),
                ], value: 1)
        }
        return [
            MetricFamily(.gauge, "state", "1 for the state that the instance is in, 0 for the others.", states),
            MetricFamily(.gauge, "instance_info", "What the instance is; the value is 1.", facts),
            each(.gauge, "state_age_seconds", "Since the last transition.", all) {
                Double(loop.now - $1.since.nanoseconds) / 1e9
            },
            each(.gauge, "holds_addresses", "1 while the kernel holds the virtual addresses for the instance.", all) {
                runtime, _ in runtime.held.isEmpty ? 0 : 1
            },
            each(.gauge, "priority", "The effective priority.", all) { Double($1.priority) },
            each(.gauge, "base_priority", "The priority that is configured.", all) { Double($1.config.basePriority) },
            each(.gauge, "faults", "Causes of FAULT that hold right now.", all) { Double($1.faults.count) },
        ]
    }

    private func transitionMetrics(_ all: [InstanceRuntime]) -> [MetricFamily] {
        let samples = all.flatMap { runtime in
            let name = router[runtime.id].config.name
            return publisher.transitionCounts(of: runtime.id).sorted {
                ($0.key.to.rawValue, $0.key.reason) < ($1.key.to.rawValue, $1.key.reason)
            }.map { cause, count in
                MetricSample(
                    labels: [
                        .vrrpInstance(name), LogField(key: "to", value: cause.to.name),
                        LogField(key: "reason", value: cause.reason),
                    ], value: Double(count))
            }
        }
        return [MetricFamily(.counter, "transitions_total", "Changes of state, by their reason.", samples)]
    }

    private func advertMetrics(_ all: [InstanceRuntime]) -> [MetricFamily] {
        func count(_ name: String, _ help: String, _ value: KeyPath<Statistics, UInt64>) -> MetricFamily {
            each(.counter, name, help, all) { Double($1.statistics[keyPath: value]) }
        }
        return [
            count("adverts_sent_total", "Adverts sent.", \.advertisementsSent),
            count("adverts_received_total", "Adverts that were believed.", \.advertisementsReceived),
            count("adverts_late_total", "Adverts sent more than an interval too late.", \.lateAdvertisements),
            count("advert_send_errors_total", "Adverts that could not be sent.", \.sendErrors),
            each(.counter, "garp_sent_total", "Gratuitous ARPs and neighbour advertisements sent.", all) {
                runtime, _ in Double(announcer.sent[runtime.id] ?? 0)
            },
        ]
    }

    /// What was not believed. Packets that no instance was found for stand under an empty name.
    private func dropMetrics(_ all: [InstanceRuntime]) -> MetricFamily {
        func sample(_ name: String, _ reason: String, _ count: UInt64) -> MetricSample {
            MetricSample(
                labels: [.vrrpInstance(name), LogField(key: "reason", value: reason)], value: Double(count))
        }
        var samples = DecodeError.Counter.allCases.map {
            sample("", $0.rawValue, receivers.undecodable[$0] ?? 0)
        }
        samples.append(sample("", "unknown-vrid", receivers.unknownVirtualRouters))
        for runtime in all {
            let instance = router[runtime.id]
            samples += DropReason.allCases.map {
                sample(instance.config.name, $0.word, instance.statistics.dropped($0))
            }
        }
        return MetricFamily(.counter, "rejects_total", "VRRP packets that were not believed, by the reason.", samples)
    }

    /// When each peer was last heard: its adverts, and its messages on each path of the guard channel.
    private func peerMetrics(_ all: [InstanceRuntime]) -> MetricFamily {
        var samples: [MetricSample] = []
        for runtime in all {
            let instance = router[runtime.id]
            func add(_ peer: String, _ path: String, _ seconds: Double) {
                let labels = [
                    .vrrpInstance(instance.config.name), LogField(key: "peer", value: peer),
                    LogField(key: "path", value: path),
                ]
                // Two nodes without an address of their own would be one series.
                guard !samples.contains(where: { $0.labels == labels }) else { return }
                samples.append(MetricSample(labels: labels, value: seconds))
            }
            if instance.state != .master, let master = instance.master {
                add("\(master.address)", "advert", Double(loop.now - master.lastHeard.nanoseconds) / 1e9)
            }
            for peer in guardPeers(of: runtime.id) {
                for path in peer.paths {
                    guard let age = path.heardMs else { continue }
                    add(peer.address, path.interface, Double(age) / 1000)
                }
            }
        }
        return MetricFamily(
            .gauge, "peer_last_heard_seconds",
            "Since another node was heard: its adverts, or its messages on a path of the guard channel.", samples)
    }

    /// Checks of every kind. One that has no answer yet has no sample.
    private func checkStates() -> MetricFamily {
        var samples: [MetricSample] = []
        for id in router.ids {
            guard let runtime = runtimes[id] else { continue }
            for (check, source) in zip(router[id].checks, runtime.checkSources) where check.state != .unknown {
                let name =
                    switch source {
                    case .lua(let name), .process(let name), .script(let name): name
                    }
                let labels = [LogField(key: "check", value: name), .vrrpInstance(router[id].config.name)]
                guard !samples.contains(where: { $0.labels == labels }) else { continue }
                samples.append(MetricSample(labels: labels, value: check.state == .up ? 1 : 0))
            }
        }
        return MetricFamily(
            .gauge, "check_up", "The check counts as up (1) or down (0) for the instance.", samples)
    }
}
