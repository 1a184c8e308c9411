/// vrrp_track_process without a script: how many processes run a program, judged by the kernel's own notices.
import Glibc
import KeepalivedConf
import LinuxIO
import Logging
import VRRPCore

/// Counts the processes that match each block and tells the core when a quorum is reached or lost.
final class ProcessTracker {
    private struct Watched {
        var settings: TrackProcessSettings
        var pids: Set<pid_t> = []
        /// What was told to the core last.
        var isUp: Bool?
        /// A change that waits for its delay.
        var pending: TimerToken?
    }

    private let loop: EventLoop
    private let logger: Logger
    private var watched: [Watched]
    private var trackers: [String: [(InstanceID, CheckID)]] = [:]
    private weak var sink: (any InputSink)?
    private var events: ProcessEvents?

    init(_ settings: [TrackProcessSettings], loop: EventLoop, logger: Logger, sink: any InputSink) {
        self.loop = loop
        self.logger = logger
        self.sink = sink
        watched = settings.map { Watched(settings: $0) }
        guard !settings.isEmpty else { return }
        events = ProcessEvents(
            on: loop,
            decided: { [weak self] source in
                if case .scan(let reason) = source {
                    logger.notice("process events come from reading /proc once a second: \(reason)")
                }
                self?.readTable()
            }, { [weak self] in self?.handle($0) })
    }

    /// For `halua status`.
    var sourceText: String {
        switch events?.source {
        case .kernel: "kernel"
        case .scan(let reason): "/proc, once a second: \(reason)"
        case nil: "not needed"
        }
    }

    func setInstances(_ instances: [(id: InstanceID, name: String, checks: [CheckSource])]) {
        trackers = [:]
        for instance in instances {
            for (index, source) in instance.checks.enumerated() {
                guard case .process(let name) = source else { continue }
                trackers[name, default: []].append((instance.id, CheckID(index)))
            }
        }
        for index in watched.indices {
            watched[index].isUp = nil
            judge(index, isStart: true)
        }
    }

    private func handle(_ event: ProcessEvent) {
        switch event {
        case .started(let pid, _), .executed(let pid), .renamed(let pid, _): look(at: pid)
        case .ended(let pid): forget(pid)
        case .overrun: readTable()
        }
    }

    private func readTable() {
        for index in watched.indices { watched[index].pids = [] }
        for pid in (try? ProcessTable.identifiers()) ?? [] { note(pid) }
        for index in watched.indices { judge(index, isStart: watched[index].isUp == nil) }
    }

    private func look(at pid: pid_t) {
        note(pid)
        for index in watched.indices { judge(index, isStart: false) }
    }

    private func forget(_ pid: pid_t) {
        for index in watched.indices where watched[index].pids.remove(pid) != nil { judge(index, isStart: false) }
    }

    private func note(_ pid: pid_t) {
        guard let entry = ProcessTable.entry(pid), !entry.isZombie else { return }
        var arguments: [String]?
        for index in watched.indices {
            let settings = watched[index].settings
            let isMatch: Bool
            if settings.matchesArguments {
                if arguments == nil { arguments = ProcessTable.arguments(pid) }
                isMatch = arguments == settings.command
            } else {
                // The kernel keeps 15 octets of a name.
                isMatch = settings.command.first.map { Array($0.utf8.prefix(15)) == Array(entry.name.utf8) } ?? false
            }
            if isMatch { watched[index].pids.insert(pid) } else { watched[index].pids.remove(pid) }
        }
    }

    private func judge(_ index: Int, isStart: Bool) {
        guard events?.source != nil else { return }
        let settings = watched[index].settings
        let count = watched[index].pids.count
        let isUp = count >= settings.quorum && count <= settings.quorumMaximum ?? .max
        if let pending = watched[index].pending {
            loop.cancel(pending)
            watched[index].pending = nil
        }
        guard isUp != watched[index].isUp else { return }
        let delay = isUp ? settings.forkDelay : settings.terminateDelay
        guard delay > .zero, !isStart else { return tell(index, isUp) }
        watched[index].pending = loop.after(delay) { [weak self] in self?.tell(index, isUp) }
    }

    private func tell(_ index: Int, _ isUp: Bool) {
        watched[index].isUp = isUp
        watched[index].pending = nil
        let settings = watched[index].settings
        let reason =
            "\(watched[index].pids.count) processes run \(settings.command.joined(separator: " ")), \(settings.quorum) wanted"
        for (id, check) in trackers[settings.name] ?? [] {
            sink?.feed(.check(check, isUp ? .passed : .failed(reason)), to: id)
        }
    }
}
