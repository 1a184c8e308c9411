/// Every way in which a Mycat was seen to fail: how the lab makes it happen, and what haluad has to say about it.
import Glibc
import LinuxIO
import Wire

/// A row of the table that `make mycat-failures` prints.
package struct MycatFailure: Sendable {
    package var name: String
    /// A part of haluad's line about it that no other failure has; nil: there must be no alarm.
    package var sign: String?
    /// What runs on the host before.
    var setting = Setting.plain
    /// Further options of the plugin, which otherwise has its login and its defaults.
    var options: [String] = []
    /// Further lines of the instance.
    var lines: [String] = []
    /// It takes a quarter of a minute or more to be sure.
    var isSlow = false
    let cause: @Sendable (MycatStage) throws(LabError) -> Void

    enum Setting { case plain, wrapped, twoMycats, backends }

    init(
        _ name: String, sign: String?, _ setting: Setting = .plain, options: [String] = [], lines: [String] = [],
        isSlow: Bool = false, cause: @escaping @Sendable (MycatStage) throws(LabError) -> Void
    ) {
        self.name = name
        self.sign = sign
        self.setting = setting
        self.options = options
        self.lines = lines
        self.isSlow = isSlow
        self.cause = cause
    }

    /// A failure of the stand-in itself.
    private init(_ name: String, sign: String?, _ trouble: MycatTrouble) {
        self.init(name, sign: sign) { stage throws(LabError) in try stage.host.set(trouble) }
    }

    /// True where the checks are wrong, and not Mycat: no address may move.
    package var isConfiguration: Bool { sign?.contains("is misconfigured") == true }

    package static let all: [Self] = [
        .init("healthy", sign: nil, .none),
        .init("pauses of 1.8 s for garbage collection", sign: nil, .pauses),
        // The process and its wrapper.
        .init("JVM killed", sign: "has ended") { stage in stage.mycat.terminate() },
        .init("JVM killed, wrapper starts it anew", sign: "is there and starts it anew", .wrapped) { stage in
            stage.signalJVM(SIGKILL)
        },
        .init("wrapper killed, the JVM follows it", sign: "so has its wrapper: nobody starts it anew", .wrapped) {
            stage in stage.mycat.terminate()
        },
        .init("JVM killed, wrapper frozen: a zombie", sign: "is stopped and does not start it anew", .wrapped) {
            stage in
            stage.mycat.send(signal: SIGSTOP)
            // The wrapper must not get to its child's end first.
            pause(.milliseconds(100))
            stage.signalJVM(SIGKILL)
        },
        .init("one of two Mycats on the host killed", sign: "has ended", .twoMycats, options: ["home /srv/mycat1"]) {
            stage in stage.mycat.terminate()
        },
        .init(
            "JVM started a moment ago, nothing behind its ports", sign: "gate mycat.ready denies: the JVM was started",
            lines: ["promotion_gate mycat.ready"], isSlow: true
        ) { stage throws(LabError) in
            stage.mycat.terminate()
            try stage.host.set(.starting)
            try stage.startAgain()
        },
        // Accepted by the kernel, answered by nobody.
        .init("JVM frozen (SIGSTOP)", sign: "is stopped: it runs no instruction") { stage in
            stage.mycat.send(signal: SIGSTOP)
        },
        .init("JVM hangs, no thread runs", sign: "the JVM computes nothing, it is frozen", .hangs),
        .init(
            "accepts, no greeting: reactors stuck", sign: "the JVM accepts, but its reactors are stuck", .reactorsStuck),
        .init("one of two reactors stuck", sign: "or one of the reactors is stuck", .oneReactorStuck),
        .init("SQL port's acceptor stuck", sign: "so the acceptor of the SQL port is stuck", .acceptorStuck),
        .init("accept queue full", sign: "its queue is full, or packets are lost", .backlogFull),
        .init("heap exhausted, collects without end", sign: "it collects garbage, its heap is full", .heapFull),
        .init("file descriptors exhausted", sign: "file descriptors open, so it can accept nobody", .descriptorsGone),
        .init("network buffers exhausted", sign: "out of network buffers and needs a restart", .buffersGone),
        .init("port taken by another service", sign: "is no Mycat: the server calls itself", .foreign),
        // Greets, and does not work.
        // What was under way when it began decides whether a login, a PING or a statement is waited for.
        .init("manager hangs, SQL works", sign: "the manager 127.0.0.1:9066 does not answer", .managerStuck),
        .init("pool of threads stuck, PING works", sign: "its pool of threads is stuck", .poolStuck),
        .init("timers dead", sign: "own clock has stood still", .timersDead),
        // A node hands over only once it has been MASTER for a while.
        .init(
            "statements hang, backends well", sign: "hands over, because with nopreempt a weight moves nothing",
            isSlow: true
        ) { stage throws(LabError) in try stage.host.set(.statementsHang) },
        .init("statements fail, backends well", sign: "refuses the statement in TESTDB", isSlow: true) {
            stage throws(LabError) in try stage.host.set(.statementsFail)
        },
        .init("set offline by its operator", sign: "set offline at its manager: handing over", .offline),
        .init(
            "all connections of the user in use", sign: "has no connection left for this user: overload", .overloaded),
        // Behind it.
        .init("a backend killed", sign: "its heartbeat fails (RS_CODE -1)", .backends) { stage in
            stage.backend?.terminate()
        },
        .init("a backend frozen", sign: "its heartbeat has had no answer for", .backends, isSlow: true) { stage in
            stage.backend?.send(signal: SIGSTOP)
        },
        // The checks' own configuration.
        .init("wrong password in the check", sign: "mycat.manager is misconfigured", .wrongPassword),
        .init("wrong schema in the check", sign: "mycat.query is misconfigured", .wrongSchema),
    ]
}

/// One host with a Mycat, before and while it fails.
final class MycatStage: Sendable {
    let host: LabHost
    /// The stand-in for Mycat, or its wrapper.
    let mycat: LabProcess
    let backend: LabProcess?
    private let settings: MycatSettings

    /// Starts what the failure needs.
    init(_ failure: MycatFailure, on host: LabHost) throws(LabError) {
        self.host = host
        var settings = MycatSettings()
        var backend: LabProcess?
        switch failure.setting {
        case .plain, .wrapped: break
        case .twoMycats:
            settings.home = "/srv/mycat2"
            settings.port = 8067
            _ = try host.startMycat(settings)
            settings.home = "/srv/mycat1"
            settings.port = 8066
        case .backends:
            backend = try host.startBackend()
            settings.backend = loopback(backendPort)
        }
        self.settings = settings
        self.backend = backend
        mycat = try host.startMycat(settings, wrapped: failure.setting == .wrapped)
    }

    /// To the JVM itself, where `mycat` is its wrapper.
    func signalJVM(_ signal: Int32) {
        for process in processTree(mycat.identifier).dropFirst() { kill(process, signal) }
    }

    /// Starts the stand-in a second time, after the first one has ended.
    func startAgain() throws(LabError) { _ = try host.startMycat(settings) }
}

private func loopback(_ port: UInt16) -> SocketAddress {
    guard let address = IPAddress("127.0.0.1") else { preconditionFailure("127.0.0.1 is an address") }
    return SocketAddress(address, port: port)
}
