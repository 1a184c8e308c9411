/// One connection to the stand-in for Mycat: greeting, login, commands, as far as its trouble lets it.
import CLinux
import Glibc

struct StandInClient {
    let descriptor: Int32
    let isManager: Bool
    /// Which of the two reactors serves it.
    let reactor: Int
    private(set) var isLoggedIn = false
    private var isGreeted = false
    private var received: [UInt8] = []

    init(_ descriptor: Int32, isManager: Bool, reactor: Int) {
        self.descriptor = descriptor
        self.isManager = isManager
        self.reactor = reactor
    }

    /// Whether nothing that this connection says is heard.
    func isStuck(in trouble: MycatTrouble) -> Bool {
        trouble == .reactorsStuck || trouble == .oneReactorStuck && reactor == 1 && !isLoggedIn
            || trouble == .managerStuck && isManager
    }

    mutating func greet(_ trouble: MycatTrouble) {
        isGreeted = true
        send(MySQLPacket.greeting(trouble == .foreign && !isManager ? "8.0.36" : MycatTables.version))
    }

    /// Handles what has come. False: the connection is over.
    mutating func serve(isReadable: Bool, _ trouble: MycatTrouble, _ tables: MycatTables) -> Bool {
        if isStuck(in: trouble) { return true }
        if !isGreeted { greet(trouble) }
        if isReadable {
            var octets = [UInt8](repeating: 0, count: 4_096)
            let count = recv(descriptor, &octets, octets.count, Int32(MSG_DONTWAIT))
            guard count > 0 else { return false }
            received += octets.prefix(count)
        }
        while received.count >= 4 {
            let end = 4 + Int(received[0]) + Int(received[1]) << 8 + Int(received[2]) << 16
            guard received.count >= end else { break }
            let body = Array(received[4..<end])
            // What hangs stays in the buffer, and is answered when the trouble is over.
            if isLoggedIn && isStatement(body) && hangs(trouble) { break }
            received.removeFirst(end)
            guard isLoggedIn ? answer(body, trouble, tables) : logIn(body, trouble) else { return false }
        }
        return true
    }

    private func isStatement(_ body: [UInt8]) -> Bool { body.first == 0x03 }

    private func hangs(_ trouble: MycatTrouble) -> Bool {
        trouble == .poolStuck || trouble == .statementsHang && !isManager
    }

    private mutating func logIn(_ body: [UInt8], _ trouble: MycatTrouble) -> Bool {
        // COM_QUIT in place of a login.
        guard body.count > 1 else { return false }
        if let (number, text) = trouble.refusal(hasSchema: !isManager) {
            send(MySQLPacket.failure(2, number, text))
        } else {
            isLoggedIn = true
            send(MySQLPacket.ok(2))
        }
        return true
    }

    private func answer(_ body: [UInt8], _ trouble: MycatTrouble, _ tables: MycatTables) -> Bool {
        switch body.first {
        case 0x01: return false
        case 0x0E: send(MySQLPacket.ok(1))
        case 0x03 where isManager: send(tables.answer(String(decoding: body.dropFirst(), as: UTF8.self)))
        case 0x03:
            if let (number, text) = trouble.statementError {
                send(MySQLPacket.failure(1, number, text))
            } else if tables.second.code != 1 {
                send(MySQLPacket.failure(1, 1_184, "Connection refused"))
            } else {
                send(MySQLPacket.table([("1", 3)], [["1"]]))
            }
        default: send(MySQLPacket.failure(1, 1_047, "Unknown command"))
        }
        return true
    }

    private func send(_ octets: [UInt8]) {
        _ = Glibc.send(descriptor, octets, octets.count, Int32(MSG_DONTWAIT))
    }
}
