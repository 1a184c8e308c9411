/// The benchmark `hooks`: how long after the address is there the first line of a hook runs.
import Glibc
import LinuxIO

/// What tells the operator's code that this node is master now.
private enum Notice: CaseIterable {
    case luaHook, keepalivedFIFO, keepalivedScript

    var name: String {
        switch self {
        case .luaHook: "halua, on.master in Lua"
        case .keepalivedFIFO: "keepalived, reader of notify_fifo"
        case .keepalivedScript: "keepalived, notify_master script"
        }
    }

    var subject: Subject {
        switch self {
        case .luaHook: .halua
        case .keepalivedFIFO, .keepalivedScript: .keepalived
        }
    }
}

func runHookBenchmark(_ options: BenchmarkOptions, _ subjects: [Subject]) throws -> Bool {
    let rounds = max(options.rounds, 1) * 8
    print("### Hooks: from the address being set to the first line of the operator's code, \(rounds) promotions\n")
    var table = Table(["code", "median", "p90", "worst", "median, of the Lua hook's"])
    var medians: [Notice: Duration] = [:]
    for notice in Notice.allCases where subjects.contains(notice.subject) {
        let delays = try measure(notice, rounds: rounds, options)
        guard let median = delays.median, let p90 = delays.percentile(90), let worst = delays.max() else { continue }
        medians[notice] = median
        let ratio = medians[.luaHook].map { median.inMicroseconds / max(0.1, $0.inMicroseconds) }
        table.add([
            notice.name, shortMicroseconds(median), shortMicroseconds(p90), shortMicroseconds(worst),
            ratio.map { "× \(decimal($0, places: 1))" } ?? "-",
        ])
    }
    print(table.text)
    print(
        """
        The address is set when the kernel's notice of it reaches a waiting thread. The script is two lines for /bin/sh, of
        which the first that runs writes into a FIFO; that FIFO and notify_fifo are read by a thread that waits for them.
        Limits: the script needs at least 20 times as long as the Lua hook, and the FIFO's reader no less.

        """)
    guard let hook = medians[.luaHook], let fifo = medians[.keepalivedFIFO], let script = medians[.keepalivedScript]
    else { return true }
    return hook <= fifo && hook * 20 <= script
}

private func shortMicroseconds(_ span: Duration) -> String { "\(decimal(span.inMicroseconds, places: 0)) µs" }

private func measure(_ notice: Notice, rounds: Int, _ options: BenchmarkOptions) throws -> [Duration] {
    try Lab.with(["node"], programs: options.programs) { lab in
        let host = lab.hosts[0]
        var instance = InstanceText()
        instance.version = 3
        instance.interval = .milliseconds(50)
        let watch = try AddressWatch(instance.addresses[0], in: lab)
        let pipe = try NamedPipe(host.folder + "/notices")
        let definitions = try prepare(notice, &instance, host, pipe)
        let daemon = try host.start(notice.subject, configuration: definitions + instance.text)
        var delays: [Duration] = []
        for round in 1...rounds {
            progress("hooks \(notice.name), \(round) of \(rounds)")
            let began = Moment.now
            guard waitUntil(.seconds(10), { isServed(by: watch, since: began) }) != nil,
                let served = watch.changes(since: began).last?.at
            else { throw LabError("\(notice.subject.daemonName) did not become master\n" + tail(daemon)) }
            pause(.milliseconds(100))
            guard let first = firstLine(notice, daemon, pipe, since: began) else {
                throw LabError("\(notice.name): the code did not run\n" + tail(daemon))
            }
            delays.append(first - served)
            try host.setCable(plugged: false)
            guard waitUntil(.seconds(5), { watch.holders.isEmpty }) != nil else {
                throw LabError("\(notice.subject.daemonName) kept the address without a link\n" + tail(daemon))
            }
            // What the loss of the link set going must be over.
            pause(.milliseconds(200))
            pipe.forget()
            try host.setCable(plugged: true)
        }
        return delays
    }
}

private func isServed(by watch: AddressWatch, since moment: Moment) -> Bool {
    watch.changes(since: moment).last?.holds == true
}

/// Writes the operator's code and gives the lines that name it.
private func prepare(
    _ notice: Notice, _ instance: inout InstanceText, _ host: LabHost, _ pipe: NamedPipe
) throws(LabError) -> String {
    switch notice {
    case .luaHook:
        try makeFolder("\(host.folder)/plugins")
        try host.write(
            file: "plugins/first_line.lua",
            """
            halua.on.master(function()
              local at = halua.now()
              halua.log.info(("first line at %.9f"):format(at))
            end)

            """)
        return "global_defs {\n    lua_path \(host.folder)/plugins\n}\n\nlua_plugin first_line {\n}\n\n"
    case .keepalivedFIFO:
        return "global_defs {\n    notify_fifo \(pipe.path)\n}\n\n"
    case .keepalivedScript:
        let script = "\(host.folder)/notify.sh"
        try host.write(file: "notify.sh", "#!/bin/sh\necho MASTER >\(pipe.path)\n")
        guard chmod(script, 0o755) == 0 else { throw LabError("cannot make \(script) executable") }
        instance.lines += ["notify_master \"\(script)\" root"]
        return "global_defs {\n    enable_script_security\n}\n\n"
    }
}

private func firstLine(_ notice: Notice, _ daemon: LabProcess, _ pipe: NamedPipe, since moment: Moment) -> Moment? {
    switch notice {
    case .luaHook:
        let key = "first line at "
        guard let line = daemon.output.first(containing: key, since: moment)?.text,
            let place = line.firstRange(of: key)
        else { return nil }
        let digits = line[place.upperBound...].prefix { $0.isNumber || $0 == "." }
        return Double(digits).map { Moment(nanoseconds: Int64($0 * 1e9)) }
    case .keepalivedFIFO, .keepalivedScript:
        return pipe.first(containing: "MASTER", since: moment)
    }
}

/// A FIFO with a reader that notes when each line came.
private final class NamedPipe: Sendable {
    let path: String
    private let lines = Lock<[(at: Moment, text: String)]>([])
    private let lifeline = Lock<Descriptor?>(nil)
    private let thread: Thread

    init(_ path: String) throws(LabError) {
        self.path = path
        guard mkfifo(path, 0o600) == 0 else { throw LabError("cannot make the FIFO \(path)") }
        // Open for both directions, so that it never ends when a writer leaves.
        let fifo = try Descriptor("open", detail: path) { open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC) }
        let pipe = try Descriptor.pipe()
        lifeline.withLock { $0 = pipe.writing }
        let (ending, lines) = (pipe.reading, lines)
        thread = try explained { () throws(IOFailure) in
            try Thread.start(name: "lab fifo") { Self.read(fifo, until: ending, lines) }
        }
    }

    deinit {
        if lifeline.withLock({ $0.take() }) != nil { thread.join() }
    }

    func first(containing text: String, since moment: Moment) -> Moment? {
        lines.withLock { lines in lines.first { $0.at >= moment && $0.text.contains(text) }?.at }
    }

    func forget() { lines.withLock { $0 = [] } }

    private static func read(
        _ fifo: Descriptor, until ending: Descriptor, _ lines: Lock<[(at: Moment, text: String)]>
    ) {
        preferThisThread()
        var watched = [fifo, ending].map { pollfd(fd: $0.number, events: Int16(POLLIN), revents: 0) }
        while true {
            guard poll(&watched, nfds_t(watched.count), -1) > 0 else { continue }
            if watched[1].revents != 0 { return }
            let at = Moment.now
            let text = String(decoding: fifo.read(), as: UTF8.self)
            lines.withLock { lines in
                for line in text.split(separator: "\n") { lines.append((at, String(line))) }
            }
        }
    }
}
