/// Where this daemon's event journal is, and what the node is called in it.
import ControlProtocol
import Glibc
import KeepalivedConf
import LinuxIO
import Logging
import VRRPCore

extension Daemon {
    /// The configuration's word, else the folder that systemd has made for the daemon's state; nil: no journal.
    func journalSettings(_ configuration: Configuration) -> JournalSettings? {
        switch configuration.global.journal {
        case .off: return nil
        case .file(let settings): return settings
        case nil: return stateFolder.map { JournalSettings(path: "\($0)/events.jsonl") }
        }
    }

    /// The folder that systemd has made; nil without systemd.
    private var stateFolder: String? {
        // Several of them are separated by colons; the first one is meant for this.
        getenv("STATE_DIRECTORY").flatMap { String(cString: $0).split(separator: ":").first.map(String.init) }
    }

    /// systemd makes the folder for root alone; whoever may look at the state may read the journal, too.
    private func letGroupIn() {
        guard let folder = stateFolder, let name = options.controlGroup, let controlGroup else { return }
        do throws(IOFailure) {
            let group = try controlGroup.get()
            try systemCall("chown", detail: folder) { chown(folder, uid_t.max, group) }
        } catch {
            logger.warning("the group \(name) cannot read the event journal: \(error)")
        }
    }

    /// router_id, else the name of the host.
    func nodeName(_ configuration: Configuration) -> String { configuration.global.routerID ?? hostName() }

    /// The first entry of this process.
    func openJournal(_ configuration: Configuration) {
        letGroupIn()
        journal.apply(journalSettings(configuration), node: nodeName(configuration))
        journal.record(
            "start", "haluad \(haluaVersion) starts",
            [.init("version", .string(haluaVersion)), .init("pid", .integer(Int(getpid())))])
        recordLife()
    }

    /// A hook or a notify script has ended; it began so long ago.
    func recordHook(_ name: String, of subject: String?, _ took: Duration, _ failure: String?) {
        guard journal.isOn else { return }
        let known = subject.flatMap { instance(named: $0) == nil ? nil : $0 }
        let outcome = failure.map { ": \($0)" } ?? ""
        journal.record(
            "hook", instance: known, "\(name) took \(took.inWords)\(outcome)",
            [
                .init("hook", .string(name)), .init("took_us", .integer(Int(took.inNanoseconds / 1_000))),
                .init("failed", .boolean(failure != nil)),
            ])
    }
}

extension Daemon {
    /// While this node holds addresses: a journal that says nothing for longer is that of a daemon that has died.
    func recordLife() {
        loop.after(.seconds(60)) { [weak self] in
            guard let self else { return }
            let names = runtimes.values.filter { !$0.held.isEmpty }.map(\.settings.name).sorted()
            if !names.isEmpty { journal.record("alive", "still serves \(names.joined(separator: ", "))") }
            recordLife()
        }
    }
}
