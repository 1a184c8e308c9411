/// What the daemon puts into its event journal, as entries.
import ControlProtocol
import Glibc
import Journal
import KeepalivedConf
import LinuxIO
import Logging
import VRRPCore
import Wire

/// Lives on the main thread. Without a journal it does nothing. Called for events only, never on the path of an advert.
package final class EventJournal {
    private let logger: Logger
    private let group: gid_t?
    private var settings: JournalSettings?
    private var writer: JournalWriter?
    private var node: String
    /// The masters whose adverts are overdue, by the instance that waits for them.
    private var overdue: [InstanceID: String] = [:]

    /// `group`: may read the journal; nil: only root.
    package init(logger: Logger, node: String, group: gid_t?) {
        self.logger = logger
        self.node = node
        self.group = group
    }

    package var isOn: Bool { writer != nil }

    /// Begins to write where these settings say, or ends; a journal that stays the same goes on.
    package func apply(_ settings: JournalSettings?, node: String) {
        self.node = node
        guard settings != self.settings else { return }
        writer?.finish()
        writer = nil
        self.settings = settings
        guard let settings else { return }
        do throws(IOFailure) {
            writer = try JournalWriter(settings, group: group) { [logger] in logger.warning("\($0)") }
        } catch {
            logger.warning("there is no event journal: \(error)")
        }
    }

    package func finish() {
        writer?.finish()
        writer = nil
    }

    package func record(
        _ event: String, instance: String? = nil, _ text: @autoclosure () -> String,
        _ fields: @autoclosure () -> [JSONValue.Member] = [], at: Int64? = nil
    ) {
        guard let writer else { return }
        writer.send(
            JournalEntry(
                at: (at ?? Clock.realtime) / 1_000, monotonic: Clock.monotonic / 1_000, node: node, instance: instance,
                event: event, text: text(), fields: fields()))
    }

    /// An event of the core. `at`: when it happened, in nanoseconds since 1970.
    package func record(
        _ event: Event, of config: InstanceConfig, _ id: InstanceID, priority: UInt8, sentence: String, at: Int64
    ) {
        guard isOn else { return }
        if case .transition = event { overdue[id] = nil }
        record(event.journalWord, instance: config.name, sentence, event.journalFields(config, priority), at: at)
    }

    /// A backup looks around because the master's adverts are overdue; or no longer.
    func noteLooking(_ isLooking: Bool, _ id: InstanceID, _ instance: Instance, now: Time) {
        guard isOn else { return }
        let name = instance.config.name
        if isLooking, instance.state == .backup, let master = instance.master, overdue[id] == nil {
            overdue[id] = "\(master.address)"
            record(
                "adverts_missed", instance: name, "an advert of \(master.address) is overdue",
                [.init("master", .string("\(master.address)"))])
        } else if !isLooking, let master = overdue.removeValue(forKey: id), instance.state == .backup {
            record(
                "adverts_back", instance: name, "the adverts of \(master) are back",
                [.init("master", .string(master))])
        }
    }

    func forget(_ id: InstanceID) { overdue[id] = nil }
}

extension Event {
    /// The documented word of the journal.
    var journalWord: String {
        switch self {
        case .transition: "transition"
        case .addressesServing: "serving"
        case .priority: "priority"
        case .checkChanged: "check"
        case .checkBroken: "check_broken"
        case .addressLost: "address_lost"
        case .dualMaster: "dual_master"
        case .duplicateAddress: "duplicate_address"
        case .intervalAdopted: "interval_adopted"
        case .masterChanged: "master"
        case .advertLate: "advert_late"
        case .faultsChanged: "faults"
        case .flapDamped: "flap_damped"
        case .gatesAsked: "gates_asked"
        case .gateExcused: "gate_excused"
        case .promotionDenied: "gate_denied"
        case .questionDropped: "question_dropped"
        case .guarded: "guard"
        }
    }

    func journalFields(_ config: InstanceConfig, _ priority: UInt8) -> [JSONValue.Member] {
        switch self {
        case .transition(let from, let to, let reason, let sequence):
            [
                .init("from", .string(from.name)), .init("to", .string(to.name)), .init("reason", .string(reason.word)),
                .init("priority", .integer(Int(priority))), .init("sequence", .integer(Int(sequence))),
            ]
        case .addressesServing:
            [.init("addresses", .array(config.virtualAddresses.map { .string("\($0)") }))]
        case .priority(let effective, _): [.init("priority", .integer(Int(effective)))]
        case .checkChanged(let id, let state, let reason):
            [
                .init("check", .string(config.name(of: id))),
                .init("state", .string(state == .up ? "up" : state == .down ? "down" : "unknown")),
                .init("reason", .string(reason)),
            ]
        case .checkBroken(let id, let reason):
            [.init("check", .string(config.name(of: id))), .init("broken", .boolean(reason != nil))]
        case .addressLost(let address, _), .duplicateAddress(let address): [.init("address", .string("\(address)"))]
        case .dualMaster(let peer, _, let yielding):
            [.init("peer", .string("\(peer)")), .init("yielding", .boolean(yielding))]
        case .masterChanged(let master, let priority):
            [.init("master", .string("\(master)")), .init("priority", .integer(Int(priority)))]
        case .guarded(let event):
            [
                .init("guard", .string(event.word)), .init("alarm", .boolean(event.isAlarm)),
                .init("peer", JSONValue(event.peer)), .init("vip", JSONValue(event.virtualAddress)),
            ]
        case .intervalAdopted, .advertLate, .faultsChanged, .flapDamped, .gatesAsked, .gateExcused, .promotionDenied,
            .questionDropped:
            []
        }
    }
}
