/// What the guard counts, as metrics and as lines of `halua status`.
import ControlProtocol
import LinuxIO
import LuaHost
import VRRPCore
import Wire

extension Daemon {
    /// One line for each instance with a guard, and for each word where there are several.
    func guardMetrics() -> [MetricFamily] {
        let guarded = router.ids.filter { router[$0].config.guarding != nil }
        let records = guarded.map { (name: router[$0].config.name, id: $0, record: guardRecords[$0]) }
        guard !records.isEmpty else { return [] }
        func single(
            _ name: String, _ kind: MetricKind, _ help: String,
            _ value: (InstanceID, GuardRecords.Record) -> Double
        ) -> MetricFamily {
            let samples = records.map { entry in
                MetricSample(
                    labels: [.vrrpInstance(entry.name)], value: value(entry.id, entry.record))
            }
            return MetricFamily(plugin: "", name: name, help: help, kind: kind, samples: samples)
        }
        func byWord(
            _ name: String, _ label: String, _ help: String, _ words: [String],
            _ counts: (GuardRecords.Record) -> [String: UInt64]
        ) -> MetricFamily {
            let samples = records.flatMap { entry in
                words.map { word in
                    MetricSample(
                        labels: [.vrrpInstance(entry.name), LogField(key: label, value: word)],
                        value: Double(counts(entry.record)[word] ?? 0))
                }
            }
            return MetricFamily(plugin: "", name: name, help: help, kind: .counter, samples: samples)
        }
        return [
            byWord(
                "promotions_held_total", "reason", "Promotions that the guard has delayed.", HoldReason.words, \.holds),
            byWord(
                "guard_mismatches_total", "kind", "Adverts for an address of the instance under other terms.",
                ForeignAdvert.words + ["address_list_mismatch"], \.mismatches),
            byWord(
                "probe_replies_total", "kind", "Stations that said where they are: at a VIP, as a host, at a decoy.",
                GuardRecords.replyWords, \.replies),
            single("vip_claims_total", .counter, "Stations that used an address while this node held it.") {
                Double($1.conflictingClaims)
            },
            single("deadman_expired_total", .counter, "Times that the kernel ended an address that nobody renewed.") {
                Double($1.expirations)
            },
            single("local_firewall_drops_total", .counter, "Adverts that this host's firewall has dropped.") {
                Double($1.dropped)
            },
            single("dual_active_now", .gauge, "Another master of a lower rank is heard.") { id, _ in
                guardRecords.isDual(id, now: loop.now) ? 1 : 0
            },
            single("dual_active_seconds_total", .counter, "Time with another master.") {
                Double($1.dualNanoseconds) / 1e9
            },
            single("promotion_held_now", .gauge, "The guard delays a promotion right now.") {
                $1.hold == nil ? 0 : 1
            },
            single("local_firewall_drops_now", .gauge, "This host's firewall drops a peer's adverts right now.") {
                $1.firewalled == nil ? 0 : 1
            },
            single("multicast_path_down_now", .gauge, "A peer's heartbeats arrive, and its adverts do not.") {
                $1.unheard == nil ? 0 : 1
            },
            single("peers_silent_now", .gauge, "Peers that were heard on the guard channel and are not any more.") {
                Double($1.silent.count)
            },
            refusals(),
        ]
    }

    private func refusals() -> MetricFamily {
        MetricFamily(
            plugin: "", name: "guard_messages_refused_total",
            help: "Messages of the guard channel that were not believed.",
            kind: .counter,
            samples: GuardRejection.Counter.allCases.map { counter in
                MetricSample(
                    labels: [LogField(key: "reason", value: counter.rawValue)],
                    value: Double(channel.rejected[counter] ?? 0))
            })
    }

    /// What the guard of an instance has to say right now; empty when all is well.
    func guardLines(of id: InstanceID) -> [String] {
        let record = guardRecords[id]
        var lines: [String] = []
        if let hold = record.hold {
            let since = Duration.nanoseconds(loop.now - hold.since).inWords
            let limit = hold.limit.map { " of at most \($0.inWords)" } ?? ""
            lines.append("waits since \(since)\(limit): \(hold.sentence)")
        }
        if let peer = record.firewalled { lines.append("this host's firewall drops the adverts of \(peer)") }
        if let peer = record.unheard { lines.append("the adverts of \(peer) do not arrive, its heartbeats do") }
        for peer in record.silent { lines.append("\(peer) is silent on the guard channel") }
        for hardware in record.proxies { lines.append("\(hardware) answers for everybody, which counts for nothing") }
        return lines
    }
}
