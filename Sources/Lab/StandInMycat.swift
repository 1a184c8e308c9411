/// A process that looks and answers like a Mycat node: a Java machine's arguments, two ports, and troubles on request.
import CLinux
import Glibc
import LinuxIO
import Wire

/// Where and how one stand-in runs. It travels in the environment, because the arguments must be a Java machine's.
package struct MycatSettings: Hashable, Sendable {
    /// The SQL port; the manager's is 1000 above, as 9066 is above 8066.
    package var port: UInt16 = 8066
    /// What `-DMYCAT_HOME=` says: the wrapper sets ".".
    package var home = "."
    /// The second of the servers behind it; nil: it is always well, as the first one is.
    package var backend: SocketAddress?
    /// Which start by its wrapper this is, from 1; nil: there is no wrapper.
    var wrappedStart: Int?
    /// A file that holds the name of its present trouble; nil: it is always well.
    var troubleFile: String?

    package init() {}

    /// What a JVM started by Mycat's scripts shows in /proc/PID/cmdline; checks look for the main class.
    var arguments: [String] {
        let wrapped = wrappedStart.map { ["-Dwrapper.port=32000", "-Dwrapper.jvmid=\($0)"] } ?? []
        return ["java", "-DMYCAT_HOME=\(home)", "-server"] + wrapped + ["io.mycat.MycatStartup", "start"]
    }

    private static let variable = "HALUA_LAB_MYCAT"

    var environment: String {
        let words =
            ["port=\(port)", "home=\(home)"] + (backend.map { ["backend=\($0.address):\($0.port)"] } ?? [])
            + (wrappedStart.map { ["start=\($0)"] } ?? []) + (troubleFile.map { ["trouble=\($0)"] } ?? [])
        return Self.variable + "=" + words.joined(separator: " ")
    }

    /// Reads what `environment` has written.
    static func fromEnvironment() -> Self {
        var settings = Self()
        let text = getenv(variable).map { String(cString: $0) } ?? ""
        for word in text.split(separator: " ") {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { continue }
            switch parts[0] {
            case "port": settings.port = UInt16(parts[1]) ?? settings.port
            case "home": settings.home = parts[1]
            case "start": settings.wrappedStart = Int(parts[1])
            case "trouble": settings.troubleFile = parts[1]
            case "backend":
                let ends = parts[1].split(separator: ":")
                if ends.count == 2, let address = IPAddress(String(ends[0])), let port = UInt16(ends[1]) {
                    settings.backend = SocketAddress(address, port: port)
                }
            default: complain("the stand-in for Mycat does not know \(word)")
            }
        }
        return settings
    }
}

/// Plays a Mycat. Returns an exit status, only when it cannot listen.
func beMycat() -> Int32 {
    signal(SIGPIPE, SIG_IGN)
    _ = pthread_setname_np(pthread_self(), "java")
    let settings = MycatSettings.fromEnvironment()
    // As a real JVM does, it ends soon after its wrapper.
    if settings.wrappedStart != nil { halua_end_with_parent() }
    guard let sql = listen(on: settings.port), let manager = listen(on: settings.port + 1_000) else {
        complain("the stand-in for Mycat cannot listen on \(settings.port): \(String(cString: strerror(errno)))")
        return 1
    }
    StandInMycat(settings, sql: sql, manager: manager).run()
}

/// A socket that listens on every address, with Mycat's backlog.
func listen(on port: UInt16) -> Int32? {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var yes: Int32 = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    let bound = SocketAddress(.unspecified(.ipv4), port: port).withSocketAddress {
        bind(listener, .init(__sockaddr__: $0), $1)
    }
    return bound == 0 && Glibc.listen(listener, StandInMycat.backlog) == 0 ? listener : nil
}

/// One thread that serves both ports and asks the backends.
private final class StandInMycat {
    static let backlog: Int32 = 100
    /// How often the backends are asked; a real one does every ten seconds.
    private static let heartbeat = Duration.seconds(1)

    private let settings: MycatSettings
    private let sql: Int32
    private let manager: Int32
    /// Held open, because there may be no descriptor left to open it with.
    private let troubleFile: Int32
    private var trouble = MycatTrouble.none
    private var clients: [StandInClient] = []
    private var backend: BackendHeartbeat?
    private var tables = MycatTables()
    private var accepted = 0
    private var nextHeartbeat = Moment.now
    private var nextPause = Moment.now
    /// Descriptors that are open for nothing but to use them up, or to fill the queue.
    private var hoard: [Int32] = []

    init(_ settings: MycatSettings, sql: Int32, manager: Int32) {
        self.settings = settings
        self.sql = sql
        self.manager = manager
        troubleFile = settings.troubleFile.map { open($0, O_RDONLY | O_CLOEXEC) } ?? -1
        backend = settings.backend.map { BackendHeartbeat($0) }
        readTrouble()
    }

    func run() -> Never {
        while true {
            readTrouble()
            if misbehave() { continue }
            let listeners = [isAccepting(sql) ? sql : -1, isAccepting(manager) ? manager : -1]
            var watched = listeners.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            // What a stuck client says is not read, and would be ready for ever.
            watched += clients.map {
                pollfd(fd: $0.isStuck(in: trouble) ? -1 : $0.descriptor, events: Int16(POLLIN), revents: 0)
            }
            watched.append(pollfd(fd: backend?.descriptor ?? -1, events: Int16(POLLIN), revents: 0))
            guard poll(&watched, nfds_t(watched.count), 20) >= 0 else { continue }
            let ready = watched.map { $0.revents != 0 }
            if ready[0] { accept(isManager: false) }
            if ready[1] { accept(isManager: true) }
            serve(ready.dropFirst(2).dropLast())
            askBackends(isAnswered: ready.last == true)
        }
    }

    private func readTrouble() {
        guard troubleFile >= 0 else { return }
        var octets = [UInt8](repeating: 0, count: 64)
        let count = max(pread(troubleFile, &octets, octets.count, 0), 0)
        let next = MycatTrouble(rawValue: String(decoding: octets.prefix(count), as: UTF8.self)) ?? trouble
        guard next != trouble else { return }
        trouble = next
        for descriptor in hoard { close(descriptor) }
        hoard = []
        switch trouble {
        case .backlogFull: fillQueue()
        case .descriptorsGone: useUpDescriptors()
        case .heapFull: goBeforeOthers()
        // Logins are judged when they are made: those that were are over.
        case .wrongPassword, .wrongSchema, .overloaded:
            for client in clients where client.isLoggedIn { close(client.descriptor) }
            clients.removeAll { $0.isLoggedIn }
        case .none, .pauses, .hangs, .reactorsStuck, .oneReactorStuck, .acceptorStuck, .buffersGone, .foreign,
            .managerStuck, .poolStuck, .timersDead, .statementsHang, .statementsFail, .offline, .starting:
            break
        }
    }

    /// Does what leaves no time for anybody. False: there is time to serve.
    private func misbehave() -> Bool {
        switch trouble {
        case .hangs:
            usleep(50_000)
            return true
        case .heapFull:
            let end = Moment.now + .milliseconds(20)
            while Moment.now < end {}
            return true
        case .pauses where Moment.now >= nextPause:
            nextPause = .now + .seconds(5)
            pause(.milliseconds(1_800))
            return true
        // Level triggered: what cannot be accepted stays readable.
        case .descriptorsGone: usleep(10_000)
        case .none, .pauses, .reactorsStuck, .oneReactorStuck, .acceptorStuck, .backlogFull, .buffersGone, .foreign,
            .managerStuck, .poolStuck, .timersDead, .statementsHang, .statementsFail, .offline, .wrongPassword,
            .wrongSchema, .overloaded, .starting:
            break
        }
        return false
    }

    private func isAccepting(_ listener: Int32) -> Bool {
        trouble != .backlogFull && !(trouble == .acceptorStuck && listener == sql)
    }

    private func accept(isManager: Bool) {
        let descriptor = accept4(isManager ? manager : sql, .init(__sockaddr__: nil), nil, Int32(SOCK_CLOEXEC.rawValue))
        guard descriptor >= 0 else { return }
        if trouble == .buffersGone {
            close(descriptor)
            return
        }
        // New connections go round robin over the reactors, whichever port they come to. Where one is stuck, the manager's
        // meet the other: which of them a check meets there would depend on who else has connected a moment ago.
        accepted += 1
        var client = StandInClient(
            descriptor, isManager: isManager, reactor: isManager && trouble == .oneReactorStuck ? 0 : accepted % 2)
        if !client.isStuck(in: trouble) { client.greet(trouble) }
        clients.append(client)
    }

    private func serve(_ ready: ArraySlice<Bool>) {
        if trouble != .timersDead { tables.clock = Int(Moment.now.nanoseconds / 1_000_000) }
        tables.isOffline = trouble == .offline
        var kept: [StandInClient] = []
        for (var client, isReady) in zip(clients, ready) {
            if client.serve(isReadable: isReady, trouble, tables) {
                kept.append(client)
            } else {
                close(client.descriptor)
            }
        }
        // Those that were accepted in this turn.
        clients = kept + clients.dropFirst(ready.count)
    }

    private func askBackends(isAnswered: Bool) {
        guard trouble != .timersDead else { return }
        let isDue = Moment.now >= nextHeartbeat
        if isDue { nextHeartbeat = .now + Self.heartbeat }
        if isAnswered { backend?.hear() }
        if isDue { backend?.ask() }
        if isDue {
            tables.first.lastActive = "\(tables.clock)"
            tables.second.lastActive = tables.first.lastActive
        }
        (tables.first.code, tables.second.code) = trouble == .starting ? (0, 0) : (1, 1)
        backend?.show(in: &tables.second)
    }

    /// A busy machine must not make a collector that never ends look like a JVM that does little.
    private func goBeforeOthers() {
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, -15)
        // Where the kernel shares the processor by sessions first (autogroups, sched(7)), that counts.
        try? writeFile("/proc/self/autogroup", "-15")
    }

    /// Clients of its own take every place in the queue.
    private func fillQueue() {
        guard let loopback = IPAddress("127.0.0.1") else { preconditionFailure("127.0.0.1 is an address") }
        for _ in 0...Self.backlog {
            let descriptor = beginConnecting(to: SocketAddress(loopback, port: settings.port))
            if descriptor >= 0 { hoard.append(descriptor) }
        }
    }

    private func useUpDescriptors() {
        // As low as it can be: a real limit is 1024 or 65536, and a real leak takes its time.
        let most = rlim_t(names(in: "/proc/self/fd").count + 8)
        var limit = rlimit(rlim_cur: most, rlim_max: most)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        while case let descriptor = dup(sql), descriptor >= 0 { hoard.append(descriptor) }
    }
}

/// A connection that may still be on its way; negative when the system has none.
func beginConnecting(to address: SocketAddress) -> Int32 {
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let descriptor = socket(AF_INET, kind, 0)
    if descriptor >= 0 {
        _ = address.withSocketAddress { connect(descriptor, .init(__sockaddr__: $0), $1) }
    }
    return descriptor
}
