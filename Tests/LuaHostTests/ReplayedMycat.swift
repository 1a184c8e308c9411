/// A Mycat that answers with the octets that real ones were seen to send, healthy or failing.
import Lab
import LinuxIO

/// Both ports of a Mycat on loopback, with what its tables say, and a switch for each way to fail.
final class ReplayedMycat: Sendable {
    /// How it answers; the tables are those of two write hosts with three data nodes.
    struct State: Sendable {
        var greeting = MySQLPacket.greeting(MycatTables.version)
        /// Accepts and says nothing: frozen, or collecting garbage.
        var isSilent = false
        /// Accepts and closes: the pool of network buffers has run out.
        var isOutOfBuffers = false
        /// Answers logins and PING but no statement: the pool of threads that runs them is stuck.
        var isPoolStuck = false
        /// The timers are dead: its clock and its heartbeats stand still.
        var areTimersDead = false
        /// What it says to a login, if not yes.
        var loginError: String?
        var isOffline = false
        /// RS_CODE, RETRY, STATUS of the second write host.
        var second = (1, 0, "idle")
        /// What a statement through the schema gets, if not a row.
        var queryError: (UInt16, String)?
        /// Counts up: the clock.
        var ticks = 1_795_340_264_936
    }

    private let shared: Lock<State>
    private let counts: Lock<(logins: Int, quits: Int, statements: [String])>
    private let manager: HTTPServer
    private let sql: HTTPServer

    init(_ state: State = State()) {
        let shared = Lock(state)
        let counts = Lock<(logins: Int, quits: Int, statements: [String])>((0, 0, []))
        manager = HTTPServer(raw: { Self.serve($0, shared, counts, isManager: true) })
        sql = HTTPServer(raw: { Self.serve($0, shared, counts, isManager: false) })
        (self.shared, self.counts) = (shared, counts)
    }

    var managerPort: Int { manager.port }
    var port: Int { sql.port }
    var openCount: Int { manager.openCount + sql.openCount }
    var acceptCount: Int { manager.acceptCount + sql.acceptCount }
    var loginCount: Int { counts.withLock { $0.logins } }
    var quitCount: Int { counts.withLock { $0.quits } }
    var statements: [String] { counts.withLock { $0.statements } }
    func become(_ change: (inout State) -> Void) { shared.withLock { change(&$0) } }

    /// As 1.6.7 greets with useHandshakeV10=1: upper capabilities, and the plugin's name at the end.
    static let newGreeting = MySQLPacket.packet(
        0,
        [0x0A] + Array("5.6.29-mycat-1.6.7.5-release-20200428154739".utf8) + [0, 1, 0, 0, 0] + Array("O0r3ZRlD".utf8)
            + [0, 0xCF, 0xB7, 0x21, 2, 0, 0x0A, 0, 0x15] + [UInt8](repeating: 0, count: 10)
            + Array("sGrRi9pyADvH".utf8) + [0] + Array("mysql_native_password".utf8) + [0])

    private static let quit: [UInt8] = [1, 0, 0, 0, 1]

    private static func serve(
        _ client: HTTPServer.Client, _ shared: Lock<State>,
        _ counts: Lock<(logins: Int, quits: Int, statements: [String])>, isManager: Bool
    ) {
        let state = shared.withLock { $0 }
        if state.isOutOfBuffers { return client.shutDown() }
        if state.isSilent { return client.hang() }
        client.send(state.greeting)
        guard let login = client.read() else { return }
        if login == quit { return counts.withLock { $0.quits += 1 } }
        if let refusal = state.loginError {
            // Mycat does not close after that.
            client.send(MySQLPacket.failure(2, 1_045, refusal))
            return client.hang()
        }
        counts.withLock { $0.logins += 1 }
        client.send(MySQLPacket.ok(2))
        while let command = client.read(), command.count > 4 {
            switch command[4] {
            case 0x01: return counts.withLock { $0.quits += 1 }
            case 0x0E: client.send(MySQLPacket.ok(1))
            case 0x03:
                let statement = String(decoding: command.dropFirst(5), as: UTF8.self)
                counts.withLock { $0.statements.append(statement) }
                let state = shared.withLock { state in
                    if !state.areTimersDead { state.ticks += 20 }
                    return state
                }
                if state.isPoolStuck || state.isSilent { return client.hang() }
                client.send(isManager ? answer(statement, state) : row(state))
            default: client.send(MySQLPacket.failure(1, 1_047, "Unknown command"))
            }
        }
    }

    private static func row(_ state: State) -> [UInt8] {
        if let (number, text) = state.queryError { return MySQLPacket.failure(1, number, text) }
        return MySQLPacket.table([("id", 3)], [["1"]])
    }

    private static func answer(_ statement: String, _ state: State) -> [UInt8] {
        var tables = MycatTables()
        tables.isOffline = state.isOffline
        tables.clock = state.ticks
        (tables.second.code, tables.second.retries, tables.second.status) = state.second
        if !state.areTimersDead {
            tables.first.lastActive = "2026-11-22 09:37:\(44 + state.ticks % 10)"
            tables.second.lastActive = tables.first.lastActive
        }
        return tables.answer(statement)
    }
}
