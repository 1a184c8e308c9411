/// SIGHUP and `halua reload`: the new configuration is taken as a whole, or nothing changes at all.
import CLinux
import ControlProtocol
import Glibc
import KeepalivedConf
import LinuxIO
import Logging
import LuaHost
import SystemPackage
import VRRPCore

/// One reload at a time. Reading files and loading plugins happen on another thread, so that no advert waits for a disk.
final class Reload {
    typealias Outcome = (_ accepted: Bool, _ text: String) -> Void

    private unowned let daemon: Daemon
    private let mailbox: Mailbox<ConfigurationReport>
    private var waiting: [Outcome] = []
    private var isAskedAgain: [Outcome] = []

    /// Throws: EMFILE.
    init(_ daemon: Daemon) throws(IOFailure) {
        self.daemon = daemon
        mailbox = try Mailbox()
        try mailbox.attach(to: daemon.loop) { [unowned self] in finish($0) }
    }

    /// Start a reload; one that is asked for while another runs comes after it, so that it sees the newest file.
    func start(_ outcome: @escaping Outcome) {
        guard waiting.isEmpty else {
            isAskedAgain.append(outcome)
            return
        }
        waiting = [outcome]
        daemon.service?.reloading()
        daemon.logger.notice("reading the configuration again")
        let (file, id, mailbox) = (daemon.options.configurationFile, daemon.options.configurationID, mailbox)
        let interfaces = daemon.interfaceFacts
        do throws(IOFailure) {
            let thread = try Thread.start(name: "halua-reload", stackSize: 4 << 20) {
                mailbox.send(checkConfiguration(file: file, configurationID: id, interfaces: interfaces))
            }
            thread.detach()
        } catch {
            answer(false, "the configuration could not be read: \(error)")
        }
    }

    private func finish(_ report: ConfigurationReport) {
        report.log(to: daemon.logger)
        guard let ready = report.ready else {
            daemon.logger.error("reload refused, the running configuration stays: \(report.summary)")
            answer(
                false,
                (report.messages + ["reload refused, nothing has changed: \(report.summary)"]).joined(separator: "\n"))
            return
        }
        let changes = daemon.apply(ready)
        let list = (changes.isEmpty ? ["the configuration is the same"] : changes) + pluginsLoaded(ready)
        let words = list.joined(separator: "; ")
        daemon.logger.notice("reload taken: \(words)")
        malloc_trim(0)
        answer(true, (report.messages + ["reload taken: \(words)"]).joined(separator: "\n"))
    }

    /// A plugin's file may have changed where the configuration has not.
    private func pluginsLoaded(_ ready: ReadyConfiguration) -> [String] {
        let names = ready.specs.map(\.name)
        return names.isEmpty ? [] : ["loaded anew: \(names.joined(separator: ", "))"]
    }

    private func answer(_ accepted: Bool, _ text: String) {
        let words = text.split(separator: "\n").last.map(String.init) ?? ""
        daemon.journal.record("reload", words, [.init("accepted", .boolean(accepted))])
        daemon.service?.reloaded()
        let outcomes = waiting
        waiting = []
        for outcome in outcomes { outcome(accepted, text) }
        let next = isAskedAgain
        isAskedAgain = []
        if !next.isEmpty {
            start { accepted, text in
                for outcome in next { outcome(accepted, text) }
            }
        }
    }
}

extension Daemon {
    /// Take a configuration that has passed every check. Returns what changed, in words.
    fileprivate func apply(_ ready: ReadyConfiguration) -> [String] {
        journal.apply(journalSettings(ready.configuration), node: nodeName(ready.configuration))
        let difference = Difference(from: configuration, to: ready.configuration)
        let context = TranslationContext(ready.configuration, ready.generation.checks, ready.generation.gates)
        let old = configuration
        configuration = ready.configuration
        deadMan.prepare(for: configuration.instances)
        scripts?.gates.hold()
        var words: [String] = []
        var started: [String] = []
        for step in difference.steps {
            words.append(describe(step))
            switch step {
            case .removeInstance(let name):
                if let runtime = instance(named: name) { remove(runtime.id) }
            case .restartInstance(let name, _):
                if let runtime = instance(named: name) { remove(runtime.id) }
                started.append(name)
            case .addInstance(let name): started.append(name)
            case .updateInstance, .removeSyncGroup, .addSyncGroup, .updateSyncGroup, .reloadScripts,
                .updateGlobalSettings, .updateScripts:
                break
            case .updateTrackProcesses:
                processes = ProcessTracker(ready.configuration.trackProcesses, loop: loop, logger: logger, sink: self)
            }
        }
        // Those that were removed above have been told by the commands they had.
        notifier.apply(ready.shell)
        let sources = SourceAddresses(of: self)
        let known = Dictionary(runtimes.values.map { ($0.settings.name, $0) }) { first, _ in first }
        for settings in configuration.instances {
            if let runtime = known[settings.name] {
                update(runtime, settings, context, sources)
            } else {
                refresh(add(settings, context), sources, force: true)
            }
        }
        operators.keep(only: configuration.instances.map(\.name))
        connectInstances()
        applyScheduling(from: old.global)
        let files = scripts?.changedSources(ready.generation) ?? []
        startScripts(ready)
        scripts?.sayReloaded(words + files)
        shell?.apply(ready.shell)
        notifier.repeatStates { [unowned self] name in
            instance(named: name).map { Int(router[$0.id].priority) } ?? 0
        }
        for name in started {
            if let runtime = instance(named: name) { feed(.startup, to: runtime.id) }
        }
        return words
    }

    private func describe(_ step: ReloadStep) -> String {
        switch step {
        case .removeInstance(let name): "\(name) removed"
        case .restartInstance(let name, let reasons): "\(name) started anew (\(reasons.joined(separator: ", ")))"
        case .addInstance(let name): "\(name) added"
        case .updateInstance(let name, let changes): "\(name): \(changes.joined(separator: ", "))"
        case .removeSyncGroup(let name): "sync group \(name) removed"
        case .addSyncGroup(let name): "sync group \(name) added"
        case .updateSyncGroup(let name): "sync group \(name) changed"
        case .reloadScripts: "plugins changed"
        case .updateTrackProcesses: "tracked processes changed"
        case .updateScripts: "shell checks changed"
        case .updateGlobalSettings(let changes): changes.joined(separator: ", ")
        }
    }

    /// What the configuration's rules need to know of this host's interfaces.
    var interfaceFacts: [String: InterfaceFacts] {
        Dictionary(
            network.allLinks.map {
                ($0.name, InterfaceFacts(isLoopback: $0.flags.contains(.loopback), maximumTransmissionUnit: $0.mtu))
            }
        ) { first, _ in first }
    }
}
