/// The benchmark `checks`: a TCP check as Lua in the daemon, and as a shell script that the daemon starts.
import Glibc
import LinuxIO

func runCheckBenchmark(_ options: BenchmarkOptions, _ subjects: [Subject]) throws -> Bool {
    print(
        "### Checks: a TCP port, as Lua in haluad and as a shell script of keepalived, VRRPv3, 100 ms, over "
            + "\(options.span.shortText)\n")
    var table = Table(["checks a second", "daemon", "run of due", "CPU per check", "adverts off by p50", "p99", "most"])
    var ratios = Table([
        "checks a second", "CPU per check, keepalived / halua", "advert jitter p99, keepalived / halua",
    ])
    var passed = true
    var idle: [Subject: Measured] = [:]
    for count in [0, 1, 20, 100] {
        var results: [Subject: Measured] = [:]
        for subject in subjects {
            progress("checks \(count) \(subject.rawValue)")
            results[subject] = try measure(count, subject, options)
            if count == 0 { idle[subject] = results[subject] }
            guard let result = results[subject], let idle = idle[subject] else { continue }
            table.add([
                "\(count)", subject.rawValue,
                count == 0 ? "-" : "\(decimal(Double(result.runs) / result.due * 100, places: 0)) %",
                count == 0 ? "-" : costText(result.perCheck(above: idle)),
                result.punctuality.median.shortText, result.punctuality.p99.shortText,
                result.punctuality.worst.shortText,
            ])
        }
        guard count > 0, let ours = results[.halua], let theirs = results[.keepalived],
            let ourIdle = idle[.halua], let theirIdle = idle[.keepalived]
        else { continue }
        let cost =
            theirs.perCheck(above: theirIdle).inMicroseconds
            / max(0.1, ours.perCheck(above: ourIdle).inMicroseconds)
        let jitter = theirs.punctuality.p99.inMicroseconds / max(0.1, ours.punctuality.p99.inMicroseconds)
        passed = passed && cost >= 50
        ratios.add(["\(count)", decimal(cost, places: 0), decimal(jitter, places: 1)])
    }
    print(table.text)
    if subjects.count == Subject.allCases.count { print(ratios.text) }
    print(
        """
        CPU per check: user and system time of all processes of the daemon and of every script it started, less what the
        same daemon needs without checks, divided by the checks that connected. The script is the cheapest that a shell
        can do: bash opens /dev/tcp by itself and starts nothing. Limit: at most a fiftieth of keepalived's.

        """)
    return passed
}

private func costText(_ span: Duration) -> String { "\(decimal(span.inMicroseconds, places: 0)) µs" }

private struct Measured {
    /// Checks that connected, and checks that were due.
    var runs: Int
    var due: Double
    var punctuality: Punctuality
    var processorTime: Duration
    var span: Duration

    func perCheck(above idle: Self) -> Duration {
        let share = processorTime - idle.processorTime * (span.inSeconds / idle.span.inSeconds)
        return max(.zero, share) / Double(max(1, runs))
    }
}

private let port = 8066

private func measure(_ count: Int, _ subject: Subject, _ options: BenchmarkOptions) throws -> Measured {
    try Lab.with(["sender", "receiver"], programs: options.programs) { lab in
        try lab.setClientCable(plugged: false)
        let host = lab.hosts[0]
        let service = try Acceptor(port: UInt16(port), in: host)
        defer { service.stop() }
        let capture = try AdvertCapture(in: lab.hosts[1].namespaces)
        let interval = Duration.milliseconds(100)
        let daemon = try host.start(subject, configuration: try configuration(count, subject, host, interval))
        guard waitUntil(.seconds(15), { capture.count > 0 }) != nil else {
            throw LabError("\(subject.daemonName) did not become master\n" + tail(daemon))
        }
        // The first checks, and the bursts that follow a promotion, are no part of this.
        pause(.seconds(7))
        // The kernel counts ended children in hundredths of a second: few checks need a longer look.
        let span = count < 10 ? options.span * 3 : options.span
        capture.forget()
        let (before, accepted, start) = (CostWithChildren(of: daemon), service.accepted, Clock.realtime)
        pause(span)
        let (after, end) = (CostWithChildren(of: daemon), Clock.realtime)
        return Measured(
            runs: service.accepted - accepted, due: Double(count) * Double(end - start) / 1e9,
            punctuality: Punctuality(of: capture.sightings(from: start, to: end), interval: interval),
            processorTime: after.processorTime - before.processorTime, span: .nanoseconds(end - start))
    }
}

private func configuration(
    _ count: Int, _ subject: Subject, _ host: LabHost, _ interval: Duration
) throws(LabError) -> String {
    var instance = InstanceText()
    instance.version = 3
    instance.priority = 200
    instance.interval = interval
    guard count > 0 else { return instance.text }
    let names = (1...count).map { "port\($0)" }
    switch subject {
    case .halua:
        try makeFolder("\(host.folder)/plugins")
        try host.write(
            file: "plugins/ports.lua",
            """
            local function answers()
              local connection <close> = assert(halua.tcp.connect { host = "127.0.0.1", port = \(port), timeout = 1 })
              return true
            end
            for number = 1, \(count) do
              halua.check { name = "port" .. number, interval = "1s", run = answers }
            end

            """)
        instance.lines = ["track_lua {"] + names.map { "    ports.\($0) weight -1" } + ["}"]
        return "global_defs {\n    lua_path \(host.folder)/plugins\n}\n\nlua_plugin ports {\n}\n\n" + instance.text
    case .keepalived:
        let script = "\(host.folder)/port.sh"
        try host.write(file: "port.sh", "#!/bin/bash\nexec 3<>/dev/tcp/127.0.0.1/\(port)\n")
        guard chmod(script, 0o755) == 0 else { throw LabError("cannot make \(script) executable") }
        let scripts = names.map { name in
            "vrrp_script \(name) {\n    script \"\(script)\"\n    interval 1\n    weight -1\n    user root\n}\n\n"
        }
        instance.lines = ["track_script {"] + names.map { "    \($0)" } + ["}"]
        return "global_defs {\n    enable_script_security\n}\n\n" + scripts.joined() + instance.text
    }
}

/// The processor time of a daemon and of everything it has started and collected.
private struct CostWithChildren {
    var processorTime: Duration

    init(of process: LabProcess) {
        let ticksASecond = Int64(sysconf(Int32(_SC_CLK_TCK)))
        let ended = processTree(process.identifier).reduce(Int64(0)) { $0 + ticksOfEndedChildren($1) }
        processorTime =
            ProcessCost(of: process).processorTime + .nanoseconds(ended * 1_000_000_000 / max(1, ticksASecond))
    }
}

/// cutime and cstime of proc_pid_stat(5).
private func ticksOfEndedChildren(_ process: pid_t) -> Int64 {
    // The name in the second field may hold anything; what follows its last parenthesis is numbers.
    let text = readFile("/proc/\(process)/stat") ?? ""
    guard let close = text.lastIndex(of: ")") else { return 0 }
    let fields = text[text.index(after: close)...].split(separator: " ")
    guard fields.count > 14, let user = Int64(fields[13]), let system = Int64(fields[14]) else { return 0 }
    return user + system
}
