/// Instances come, change and go: at start, by a reload, at the end.
import ControlProtocol
import KeepalivedConf
import LinuxIO
import Logging
import LuaHost
import VRRPCore
import Wire

extension Daemon {
    /// Make an instance and its runtime; it stays in Initialize until `.startup`.
    @discardableResult
    func add(_ settings: InstanceSettings, _ context: TranslationContext) -> InstanceRuntime {
        let translated = translate(settings, in: context)
        let id = router.add(translated.config)
        let runtime = InstanceRuntime(id: id, settings: settings, checkSources: translated.checkSources)
        runtimes[id] = runtime
        // One that a reload starts anew stays as its operators want it.
        operators.instanceAdded(settings.name, id)
        return runtime
    }

    /// End an instance as at shutdown, and forget it.
    func remove(_ id: InstanceID) {
        feed(.shutdown, to: id)
        transmitter.flush()
        timers.disarmAll(of: id)
        scripts?.forget(id)
        publisher.forget(id)
        announcer.forget(id)
        ears.forget(id)
        prober.forget(id)
        guardRecords.forget(id)
        router.remove(id)
        runtimes[id] = nil
    }

    /// Keep the instance's state and give it new settings.
    func update(
        _ runtime: InstanceRuntime, _ settings: InstanceSettings, _ context: TranslationContext,
        _ sources: SourceAddresses
    ) {
        let translated = translate(settings, in: context)
        runtime.update(settings, checkSources: translated.checkSources)
        refresh(runtime, sources, force: true)
        feed(.reconfigure(translated.config), to: runtime.id)
        addresses.adoptTerms(runtime)
    }

    func instance(named name: String) -> InstanceRuntime? {
        runtimes.values.first { $0.settings.name == name }
    }

    /// Tell everybody who needs the list of instances that it has changed.
    func connectInstances() {
        let list = router.ids.compactMap { id in
            runtimes[id].map { (id: id, name: $0.settings.name, checks: $0.checkSources) }
        }
        scripts?.setInstances(list)
        processes?.setInstances(list)
        shell?.setInstances(list)
        let groups = configuration.syncGroups.map { group in
            SyncGroupConfig(
                name: group.name, members: group.members.compactMap { self.instance(named: $0)?.id })
        }
        setGroups(groups)
        announcer.garpInterval = configuration.global.garpInterval
        announcer.gnaInterval = configuration.global.gnaInterval
        receivers.logsUnknownVirtualRouters = configuration.global.logsUnknownVirtualRouters
        listen()
        applyChannel()
    }

    /// Take a configuration that has passed every check: the first one.
    func begin(_ ready: ReadyConfiguration) {
        configuration = ready.configuration
        deadMan.prepare(for: configuration.instances)
        let context = TranslationContext(configuration, ready.generation.checks, ready.generation.gates)
        for settings in configuration.instances { add(settings, context) }
        let sources = SourceAddresses(of: self)
        for runtime in runtimes.values { refresh(runtime, sources, force: true) }
        processes = ProcessTracker(configuration.trackProcesses, loop: loop, logger: logger, sink: self)
        connectInstances()
        notifier.apply(ready.shell)
        addresses.removeStale(router.ids.compactMap { runtimes[$0] })
        startScripts(ready)
        let start = { [unowned self] in
            shell?.apply(ready.shell)
            for id in router.ids { feed(.startup, to: id) }
        }
        guard let startup = ready.shell.startup, let shell else { return start() }
        shell.runOnce("startup_script", startup, then: start)
    }
}
