/// The sections together: reads each block, gives names to what they define, and builds the configuration.
import Wire

struct Assembly {
    let findings: Findings
    let context: LoadContext

    private var global: GlobalSection
    private var scripts = Names<ScriptDraft>(kind: "vrrp_script")
    private var processes = Names<(settings: TrackProcessSettings, isReversed: Bool)>(kind: "vrrp_track_process")
    private var plugins = Names<PluginSettings>(kind: "lua_plugin")
    private var instances: [InstanceDraft] = []
    private var groups: [GroupDraft] = []

    init(findings: Findings, context: LoadContext) {
        self.findings = findings
        self.context = context
        global = GlobalSection(findings: findings, context: context)
    }

    mutating func read(_ nodes: [Node]) {
        let statements = StatementChecker(findings: findings).statements(nodes, in: .top)
        // The defaults of global_defs hold for all instances, wherever the block stands.
        for statement in statements where statement.name == "global_defs" { global.read(statement.node) }
        let checks = CheckSections(findings: findings)
        let named = GroupSections(findings: findings)
        for statement in statements {
            let node = statement.node
            switch statement.name {
            case "global_defs": break
            case "vrrp_instance":
                let section = InstanceSection(findings: findings, defaults: global.defaults, context: context)
                instances.append(section.read(node))
            case "vrrp_sync_group": groups.append(named.group(node))
            case "vrrp_script": scripts.add(checks.script(node), as: node.words[1], findings)
            case "vrrp_track_process":
                if let (settings, name, isReversed) = checks.process(node) {
                    processes.add((settings, isReversed), as: name, findings)
                }
            case "lua_plugin":
                if let (settings, name) = named.plugin(node) { plugins.add(settings, as: name, findings) }
            default: preconditionFailure("\(statement.name) is marked as working, but nothing reads it.")
            }
        }
    }

    mutating func finish() -> Configuration {
        var configuration = Configuration()
        configuration.global = global.settings
        let mail = MailPlugin(
            findings: findings, mail: global.mail, node: global.settings.routerID, host: context.hostName)
        if let (settings, name) = mail.settings(instances, groups) { plugins.add(settings, as: name, findings) }
        configuration.plugins = plugins.values
        configuration.trackProcesses = processes.values.map(\.settings)
        configuration.luaScripts = scripts.values.compactMap { script in
            script.lua.map { LuaScriptSettings(name: script.name.text, check: $0) }
        }
        configuration.scripts = scripts.values.compactMap(\.shell)
        let resolver = TrackingResolver(
            findings: findings, scripts: scripts, processes: processes, plugins: plugins, host: host)
        for script in scripts.values { resolver.checkPlugin(script) }
        let rules = InstanceRules(findings: findings, host: host)
        let groupOf = GroupRules(findings: findings, instances: instances, groups: groups).check()
        configuration.instances = instances.map { draft in
            var settings = rules.settle(draft)
            let owner = TrackOwner(
                description: "instance \"\(draft.name.text)\"", priority: Int(settings.priority),
                dropsWeights: groupOf[draft.name.text].map { !$0.usesTrackingWeights } ?? false,
                preempts: settings.preempts, ownInterface: settings.tracksOwnInterface ? settings.interface : nil,
                preemptWord: draft.places["nopreempt"])
            let tracking = resolver.resolve(draft.tracking, for: owner)
            settings.trackedInterfaces = tracking.interfaces
            settings.trackedChecks = tracking.checks
            settings.trackedProcesses = tracking.processes
            settings.promotionGates = PromotionGates(findings: findings)
                .settle(draft.gateWords, of: settings, plugins: plugins)
            settings.trackedScripts = tracking.scripts
            return settings
        }
        configuration.syncGroups = groups.map { group($0, resolver) }
        AcrossInstances(findings: findings, drafts: instances, settings: configuration.instances).check()
        CommandRules(findings: findings, judge: context.judgeCommand).check(configuration)
        return configuration
    }

    private var host: HostFacts {
        HostFacts(interfaces: context.interfaces, mayAppearLater: global.settings.dynamicInterfaces)
    }

    private func group(_ draft: GroupDraft, _ resolver: TrackingResolver) -> SyncGroupSettings {
        let owner = TrackOwner(
            description: "group \"\(draft.name.text)\"", priority: nil, dropsWeights: !draft.usesTrackingWeights,
            preempts: true, ownInterface: nil, preemptWord: nil)
        let tracking = resolver.resolve(draft.tracking, for: owner)
        var settings = SyncGroupSettings(
            name: draft.name.text, members: draft.members.map(\.text), location: draft.name.location)
        settings.trackedInterfaces = tracking.interfaces
        settings.trackedChecks = tracking.checks
        settings.trackedProcesses = tracking.processes
        settings.trackedScripts = tracking.scripts
        settings.notify = draft.notify
        return settings
    }
}

/// What is known of the host's interfaces.
struct HostFacts {
    /// nil: not known.
    var interfaces: [String: InterfaceFacts]?
    /// dynamic_interfaces
    var mayAppearLater: Bool

    func maximumTransmissionUnit(of name: String) -> Int { interfaces?[name]?.maximumTransmissionUnit ?? 1500 }

    /// Reports an interface that this host doesn't have.
    func require(_ name: String, at word: Word, _ findings: Findings) {
        guard let interfaces, interfaces[name] == nil, !mayAppearLater else { return }
        let nearest = Spelling.nearest(to: name, among: interfaces.keys.sorted())
        findings.error(
            "this host has no interface \"\(name)\"", at: word,
            hint: nearest.map { "did you mean \"\($0)\"?" }
                ?? "see \"ip link\"; dynamic_interfaces in global_defs allows one that appears later")
    }
}

/// Definitions of one kind by name, in the order of the text.
struct Names<Value> {
    let kind: String
    private(set) var values: [Value] = []
    private var index: [String: (position: Int, word: Word)] = [:]

    init(kind: String) { self.kind = kind }

    mutating func add(_ value: Value, as name: Word, _ findings: Findings) {
        if let before = index[name.text] {
            let hint =
                kind == "lua_plugin" ? "load it under another name: lua_plugin FILE as NAME" : "rename one of them"
            findings.error(
                "\(kind) \"\(name.text)\" is defined twice", at: name,
                hint: "\(hint); the first is on line \(before.word.location.line) of \(before.word.location.file)")
            return
        }
        index[name.text] = (values.count, name)
        values.append(value)
    }

    func find(_ name: String) -> Value? { index[name].map { values[$0.position] } }

    func nearest(to name: String) -> String? { Spelling.nearest(to: name, among: index.keys.sorted()) }

    var isEmpty: Bool { values.isEmpty }
}
