/// For the hooks of on.check: what each check says once rise and fall are counted, whoever tracks it, or nobody.
import KeepalivedConf
import LuaHost
import VRRPCore

/// The checks that hooks listen to. Their counts outlive a reload; what they say is told again after one.
struct CheckWatch {
    private struct Entry {
        var check: TrackedCheck
        var sequence: UInt64 = 0
        /// The hooks of this generation have not heard of it yet.
        var isUntold = true
    }

    private var entries: [String: Entry] = [:]

    /// Listen to exactly these checks. Those that were listened to keep what they know.
    mutating func listen(to configs: [CheckConfig]) {
        let former = entries
        entries = [:]
        for config in configs {
            var entry = former[config.name] ?? Entry(check: TrackedCheck(config))
            entry.check.adopt(config)
            entries[config.name] = entry
        }
    }

    /// A generation has begun that has heard nothing yet.
    mutating func tellAgain() {
        for name in entries.keys { entries[name]?.isUntold = true }
    }

    /// Counts a result. Returns the news, when there are any.
    mutating func record(_ name: String, _ outcome: CheckOutcome, now: Int64) -> EventMessage? {
        guard var entry = entries[name] else { return nil }
        let former = news(name, entry.check)
        entry.check.record(outcome)
        let latest = news(name, entry.check)
        let isNews = entry.isUntold || latest.state != former.state || latest.isGood != former.isGood
        if isNews {
            entry.sequence += 1
            entry.isUntold = false
        }
        entries[name] = entry
        return isNews ? EventMessage(.check(latest), sequence: entry.sequence, atNanoseconds: now) : nil
    }

    private func news(_ name: String, _ check: TrackedCheck) -> CheckNews {
        let isGood = check.state != .down
        if let defect = check.defect {
            let line = String(defect.prefix { $0 != "\n" })
            return CheckNews(name: name, state: .error, isGood: isGood, reason: line)
        }
        return CheckNews(name: name, state: isGood ? .up : .down, isGood: isGood, reason: isGood ? "" : check.reason)
    }
}

/// How to count the checks that hooks listen to: as the first instance that tracks one does, else as its plugin says.
package func listenedChecks(_ ready: ReadyConfiguration) -> [CheckConfig] {
    let configuration = ready.configuration
    let tracked = configuration.instances.flatMap(\.trackedChecks) + configuration.syncGroups.flatMap(\.trackedChecks)
    return ready.generation.checks.filter { ready.generation.listenedChecks.contains($0.name) }.map { registered in
        let own = tracked.first { $0.name == registered.name }
        return CheckConfig(
            name: registered.name, weight: 0, rise: own?.rise ?? registered.rise, fall: own?.fall ?? registered.fall)
    }
}
