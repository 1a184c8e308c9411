/// A Mycat that answers with the octets that real ones were seen to send, healthy or failing.
import LinuxIO

/// Both ports of a Mycat on loopback, with what its tables say, and a switch for each way to fail.
final class ReplayedMycat: Sendable {
    /// How it answers; the tables are those of two write hosts with three data nodes.
    struct State: Sendable {
        var greeting = StandInMySQL.mycatGreeting
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
        var second = ("1", "0", "idle")
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
    static let newGreeting = StandInMySQL.packet(
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
            client.send(StandInMySQL.failure(2, 1_045, refusal))
            return client.hang()
        }
        counts.withLock { $0.logins += 1 }
        client.send(StandInMySQL.ok(2))
        while let command = client.read(), command.count > 4 {
            switch command[4] {
            case 0x01: return counts.withLock { $0.quits += 1 }
            case 0x0E: client.send(StandInMySQL.ok(1))
            case 0x03:
                let statement = String(decoding: command.dropFirst(5), as: UTF8.self)
                counts.withLock { $0.statements.append(statement) }
                let state = shared.withLock { state in
                    if !state.areTimersDead { state.ticks += 20 }
                    return state
                }
                if state.isPoolStuck || state.isSilent { return client.hang() }
                client.send(isManager ? answer(statement, state) : row(state))
            default: client.send(StandInMySQL.failure(1, 1_047, "Unknown command"))
            }
        }
    }

    private static func row(_ state: State) -> [UInt8] {
        if let (number, text) = state.queryError { return StandInMySQL.failure(1, number, text) }
        return table([("id", 3)], [["1"]])
    }

    private static func answer(_ statement: String, _ state: State) -> [UInt8] {
        switch statement {
        case "show @@server":
            return table(
                [
                    ("UPTIME", 253), ("USED_MEMORY", 8), ("TOTAL_MEMORY", 8), ("MAX_MEMORY", 8), ("RELOAD_TIME", 8),
                    ("ROLLBACK_TIME", 8), ("CHARSET", 253), ("STATUS", 253),
                ],
                [
                    [
                        "2m 31s 190ms", "12389320", "69206016", "268435456", "1795340113670", "-1", "utf8",
                        state.isOffline ? "OFF" : "ON",
                    ]
                ])
        case "show @@time.current": return table([("TIMESTAMP", 8)], [["\(state.ticks)"]])
        case "show @@heartbeat":
            let (code, retry, status) = state.second
            let time = state.areTimersDead ? "2026-11-22 09:37:44" : "2026-11-22 09:37:\(44 + state.ticks % 10)"
            return table(
                [
                    ("NAME", 253), ("TYPE", 253), ("HOST", 253), ("PORT", 3), ("RS_CODE", 3), ("RETRY", 3),
                    ("STATUS", 253), ("TIMEOUT", 8), ("EXECUTE_TIME", 253), ("LAST_ACTIVE_TIME", 253), ("STOP", 253),
                ],
                [
                    ["hostM2", "mysql", "127.0.0.1", "13307", code, retry, status, "0", "4,2,2", time, "false"],
                    ["hostM1", "mysql", "127.0.0.1", "13306", "1", "0", "idle", "0", "2,1,1", time, "false"],
                ])
        case "show @@datasource":
            let load = ["0", "2", "100", "24", "6", "0"]
            return table(
                [
                    ("DATANODE", 253), ("NAME", 253), ("TYPE", 253), ("HOST", 253), ("PORT", 3), ("W/R", 253),
                    ("ACTIVE", 3), ("IDLE", 3), ("SIZE", 3), ("EXECUTE", 8), ("READ_LOAD", 8), ("WRITE_LOAD", 8),
                ],
                [
                    ["dn1", "hostM1", "mysql", "127.0.0.1", "13306", "W"] + load,
                    ["dn3", "hostM2", "mysql", "127.0.0.1", "13307", "W"] + load,
                    ["dn2", "hostM1", "mysql", "127.0.0.1", "13306", "W"] + load,
                ])
        default: return StandInMySQL.failure(1, 1_003, "Unsupported statement")
        }
    }

    /// A result as Mycat writes it: columns without a character set or a length, and an EOF after them.
    private static func table(_ columns: [(String, UInt8)], _ rows: [[String]]) -> [UInt8] {
        var sequence: UInt8 = 1
        var octets: [UInt8] = []
        func add(_ body: [UInt8]) {
            octets += StandInMySQL.packet(sequence, body)
            sequence &+= 1
        }
        add([UInt8(columns.count)])
        for (name, type) in columns {
            add(
                [3] + Array("def".utf8) + [0, 0, 0, UInt8(name.utf8.count)] + Array(name.utf8)
                    + [0, 0x0C, 0, 0, 0, 0, 0, 0, type, 0, 0, 0, 0, 0])
        }
        add([0xFE, 0, 0, 2, 0])
        for row in rows { add(row.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }) }
        add([0xFE, 0, 0, 2, 0])
        return octets
    }
}
