/// Makes Mycats fail, each on a host of its own, and writes down who noticed: haluad, and keepalived's check scripts.
import ControlProtocol
import Glibc

/// What came of one failure.
package struct MycatFailureResult: Sendable {
    package var failure: MycatFailure
    /// From the failure to haluad's line about it; nil: it never came.
    package var halua: Duration?
    /// haluad's words.
    package var reason = ""
    /// What haluad said that it should not have: alarms about a Mycat that is well.
    package var falseAlarms: [String] = []
    /// For each of `CheckScript.all`: from the failure to the moment from which keepalived takes it for failed.
    package var scripts: [Duration?]
    /// haluad's last lines, for whom it did not do what it should.
    package var log: String

    /// Whether haluad did what it should.
    package var isRight: Bool { falseAlarms.isEmpty && (failure.sign == nil || halua != nil) }
}

/// How long each failure is watched.
private let patience = Duration.seconds(14)
private let longPatience = Duration.seconds(32)

/// The most for which a lab has addresses.
private let hostsAtATime = 9

/// Makes all of `failures` happen, some at a time; the results come in their order. Throws when a host does not even come
/// to work.
package func runMycatFailures(
    _ failures: [MycatFailure], programs: LabPrograms, progress: (String) -> Void = { _ in }
) throws -> [MycatFailureResult] {
    // Slow ones last and together.
    let ordered = failures.filter { !$0.isSlow } + failures.filter(\.isSlow)
    var results: [MycatFailureResult] = []
    for start in stride(from: 0, to: ordered.count, by: hostsAtATime) {
        let batch = Array(ordered[start..<min(start + hostsAtATime, ordered.count)])
        progress("\(start) of \(ordered.count): " + batch.map(\.name).joined(separator: ", "))
        results += try Lab.with(batch.indices.map { "host\($0)" }, programs: programs) { lab in
            try MycatFailureBatch(batch, in: lab).run()
        }
    }
    return failures.compactMap { failure in results.first { $0.failure.name == failure.name } }
}

/// Some hosts of one lab that fail together.
private struct MycatFailureBatch {
    let failures: [MycatFailure]
    let stages: [MycatStage]
    let daemons: [LabProcess]
    let keepalived: [LabProcess]

    init(_ failures: [MycatFailure], in lab: Lab) throws(LabError) {
        self.failures = failures
        var stages: [MycatStage] = []
        var daemons: [LabProcess] = []
        var keepalived: [LabProcess] = []
        for (number, (failure, host)) in zip(failures, lab.hosts).enumerated() {
            stages.append(try MycatStage(failure, on: host))
            let check = try MycatCheck(
                for: .halua, in: lab, options: MycatCheck.login + failure.options,
                checks: ["process", "greeting", "manager", "backends", "query"])
            // The article's instance: no preemption, one advert a second.
            var instance = InstanceText()
            instance.priority = 200
            instance.virtualRouterID = 100 + number
            instance.addresses = ["192.168.4.\(200 + number)"]
            instance.lines = ["nopreempt"] + failure.lines + check.instanceLines
            daemons.append(try host.start(.halua, configuration: check.definitions + instance.text))
            try host.write(
                file: "scripts.conf",
                CheckScript.configuration(virtualRouterID: 150 + number, address: "192.168.4.\(220 + number)"))
            keepalived.append(
                try host.start(
                    lab.programs.keepalived,
                    arguments: [
                        "keepalived", "-f", "\(host.folder)/scripts.conf", "-n", "-l", "-D", "-p",
                        "\(host.folder)/keepalived.pid", "-r", "\(host.folder)/vrrp.pid",
                    ]))
        }
        (self.stages, self.daemons, self.keepalived) = (stages, daemons, keepalived)
    }

    func run() throws -> [MycatFailureResult] {
        try settle()
        var moments: [Moment] = []
        for (failure, stage) in zip(failures, stages) {
            moments.append(.now)
            try failure.cause(stage)
        }
        pause(failures.contains(where: \.isSlow) ? longPatience : patience)
        return failures.indices.map { result($0, since: moments[$0]) }
    }

    /// Waits until every node is MASTER with all its checks up, and every script has succeeded.
    private func settle() throws {
        let isWell = { (node: Int) -> Bool in
            guard let instance = try? askStatus(stages[node].host.controlSocketPath).instances.first else {
                return false
            }
            return instance.state.uppercased() == "MASTER" && instance.checks.allSatisfy { $0.state == "up" }
                && CheckScript.all.allSatisfy {
                    keepalived[node].output.first(containing: "VRRP_Script(\($0.name)) succeeded") != nil
                }
        }
        let settled = waitUntil(.seconds(40), every: .milliseconds(200)) { failures.indices.allSatisfy(isWell) }
        guard settled == nil else { return }
        let late = failures.indices.filter { !isWell($0) }
        throw LabError(
            late.map {
                "before “\(failures[$0].name)” could happen, its host did not come to work\n" + tail(daemons[$0])
                    + tail(keepalived[$0])
            }
            .joined())
    }

    private func result(_ index: Int, since moment: Moment) -> MycatFailureResult {
        let failure = failures[index]
        // A debug line tells of a failure that does not count yet.
        let lines = daemons[index].output.lines.filter { $0.at >= moment && !$0.text.contains(" debug: ") }
        let told = lines.filter { line in failure.sign.map(line.text.contains) ?? false }
        let line = told.first { $0.text.contains("check mycat.") } ?? told.first
        let alarms = failure.sign == nil || failure.isConfiguration ? lines.filter { $0.text.contains(" is down") } : []
        return MycatFailureResult(
            failure: failure, halua: told.first.map { $0.at - moment }, reason: line.map { words($0.text) } ?? "",
            falseAlarms: alarms.map(\.text),
            scripts: CheckScript.all.map { script in
                script.failure(in: keepalived[index], since: moment).map { $0 - moment }
            }, log: tail(daemons[index]))
    }

    /// The reason in a log line: without the time and the daemon before it and the fields after it.
    private func words(_ line: String) -> String {
        var text = line[...]
        for mark in ["haluad[", "]", ": ", "VI_1: ", " is down: ", " denies: "] {
            if let range = text.firstRange(of: mark) { text = text[range.upperBound...] }
        }
        for mark in [" from=", " instance=", " plugin=", "; check "] {
            if let range = text.firstRange(of: mark) { text = text[..<range.lowerBound] }
        }
        return String(text)
    }
}
