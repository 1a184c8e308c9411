/// Names in `track_*` blocks → the checks they mean, and what weights can and can't do.
import Wire

/// Whose tracking it is, as far as the rules care.
struct TrackOwner {
    var description: String
    /// nil: a group, which has none.
    var priority: Int?
    /// In a sync group without sync_group_tracking_weight only failures count, not weights.
    var dropsWeights: Bool
    var preempts: Bool
    /// nil when the instance's own interface isn't tracked anyway.
    var ownInterface: String?
    /// Where nopreempt stands.
    var preemptWord: Word?
}

struct ResolvedTracking {
    var interfaces: [TrackedInterface] = []
    var checks: [TrackedLuaCheck] = []
    var processes: [TrackedProcess] = []
    var scripts: [TrackedScript] = []
}

struct TrackingResolver {
    let findings: Findings
    let scripts: Names<ScriptDraft>
    let processes: Names<(settings: TrackProcessSettings, isReversed: Bool)>
    let plugins: Names<PluginSettings>
    let host: HostFacts

    func resolve(_ draft: TrackingDraft, for owner: TrackOwner) -> ResolvedTracking {
        var result = ResolvedTracking()
        var weights: [Int?] = []
        var seen: [String: Word] = [:]

        func isNew(_ kind: String, _ word: Word) -> Bool {
            guard let before = seen.updateValue(word, forKey: "\(kind) \(word.text)") else { return true }
            findings.warn(
                "\(kind) \"\(word.text)\" is tracked twice, once is taken", at: word,
                hint: "remove one; the first is on line \(before.location.line)")
            return false
        }
        /// Whether the tracker stays; a weight that can't count takes it out, as in keepalived.
        func keeps(_ weight: Int?, _ word: Word) -> Bool {
            guard isUsable(weight, word, owner) else { return false }
            weights.append(weight)
            return true
        }

        for (interface, word) in zip(draft.interfaces, draft.interfaceWords) where isNew("interface", word) {
            host.require(interface.name, at: word, findings)
            if interface.name == owner.ownInterface {
                findings.warn(
                    "\(interface.name) is the instance's own interface, which is tracked anyway", at: word,
                    hint: "remove this line; it has no effect, in keepalived either")
            } else if keeps(interface.weight, word) {
                result.interfaces.append(interface)
            }
        }
        for (check, word) in zip(draft.checks, draft.checkWords) where isNew("check", word) {
            requirePlugin(of: check, at: word)
            if keeps(check.weight, word) { result.checks.append(check) }
        }
        for tracked in draft.scripts where isNew("script", tracked.word) {
            if let script = resolve(shell: tracked) {
                if keeps(script.weight, tracked.word) { result.scripts.append(script) }
            } else if let check = resolve(script: tracked), keeps(check.weight, tracked.word) {
                result.checks.append(check)
            }
        }
        for tracked in draft.processes where isNew("process", tracked.word) {
            guard let process = resolve(process: tracked) else { continue }
            let weight = process.weight ?? processes.find(process.name)?.settings.weight
            if keeps(weight, tracked.word) { result.processes.append(process) }
        }
        warnOfUselessWeights(weights, owner)
        return result
    }

    /// A `vrrp_script` whose Lua check nobody registers is wrong even while nothing tracks it.
    func checkPlugin(_ script: ScriptDraft) {
        guard let check = script.lua, let word = script.luaWord else { return }
        requirePlugin(of: check, at: word)
    }

    private func requirePlugin(of check: TrackedLuaCheck, at word: Word) {
        let plugin = LuaCheckName.plugin(of: check)
        guard plugins.find(plugin) == nil else { return }
        findings.error(
            "no lua_plugin is called \"\(plugin)\"", at: word,
            hint: plugins.nearest(to: plugin).map { "did you mean \"\($0)\"?" }
                ?? "load it at the top level: lua_plugin \(plugin) { … }")
    }

    private func resolve(shell tracked: TrackedName) -> TrackedScript? {
        guard let script = scripts.find(tracked.word.text)?.shell else { return nil }
        return TrackedScript(
            name: script.name, weight: tracked.weight ?? script.weight,
            isReversed: tracked.isReversed ?? script.isReversed, location: tracked.word.location)
    }

    private func resolve(script tracked: TrackedName) -> TrackedLuaCheck? {
        let name = tracked.word.text
        guard let script = scripts.find(name) else {
            findings.error(
                "no vrrp_script is called \"\(name)\"", at: tracked.word,
                hint: scripts.nearest(to: name).map { "did you mean \"\($0)\"?" }
                    ?? "define it: vrrp_script \(name) { script \"/path/to/check\" }")
            return nil
        }
        // What is wrong with a block that holds neither was said there.
        guard var check = script.lua else { return nil }
        if let weight = tracked.weight { check.weight = weight }
        if let isReversed = tracked.isReversed { check.isReversed = isReversed }
        check.location = tracked.word.location
        return check
    }

    private func resolve(process tracked: TrackedName) -> TrackedProcess? {
        let name = tracked.word.text
        guard let definition = processes.find(name) else {
            findings.error(
                "no vrrp_track_process is called \"\(name)\"", at: tracked.word,
                hint: processes.nearest(to: name).map { "did you mean \"\($0)\"?" }
                    ?? "define it: vrrp_track_process \(name) { process NAME }")
            return nil
        }
        var process = TrackedProcess(name: name, location: tracked.word.location)
        process.weight = tracked.weight
        process.isReversed = tracked.isReversed ?? definition.isReversed
        return process
    }

    private func isUsable(_ weight: Int?, _ word: Word, _ owner: TrackOwner) -> Bool {
        guard let weight, weight != 0 else { return true }
        if owner.dropsWeights {
            findings.warn(
                "\"\(word.text)\" is not tracked: weights don't count in a sync group", at: word,
                hint: "write sync_group_tracking_weight in the group, or give it weight 0 (FAULT while it fails)")
            return false
        }
        if owner.priority == 255 {
            findings.warn(
                "\"\(word.text)\" is not tracked: priority 255 never changes", at: word,
                hint: "choose a lower priority, or weight 0 (FAULT while it fails)")
            return false
        }
        guard let priority = owner.priority else { return true }
        let (changed, limit) = (priority + weight, weight > 0 ? 254 : 1)
        if priority == limit {
            findings.warn(
                "weight \(weight) of \"\(word.text)\" changes nothing: priority \(priority) is already the limit",
                at: word,
                hint: "weights move a priority within 1 to 254; choose another priority")
        } else if changed > 254 || changed < 1 {
            findings.warn(
                "priority \(priority) and weight \(weight) of \"\(word.text)\" make \(changed), which is cut to \(limit)",
                at: word, hint: "weights move a priority within 1 to 254")
        }
        return true
    }

    /// keepalived's most surprising pair: a MASTER whose priority sank keeps the VIP when nobody may preempt it.
    private func warnOfUselessWeights(_ weights: [Int?], _ owner: TrackOwner) {
        guard !owner.preempts, let word = owner.preemptWord, !weights.isEmpty else { return }
        guard weights.allSatisfy({ ($0 ?? 0) != 0 }) else { return }
        findings.warn(
            "nopreempt, and every check has a weight: a MASTER whose checks fail keeps the VIP", at: word,
            hint:
                "its peers see a lower priority but may not preempt; give one check weight 0 (FAULT), or remove nopreempt"
        )
    }
}
