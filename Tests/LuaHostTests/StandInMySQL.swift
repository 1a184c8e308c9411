/// A server that speaks just enough of MySQL's protocol to stop in the middle of it.
import Lab
import LinuxIO

enum StandInMySQL {
    /// Where it stops answering.
    enum Stage: Int, CaseIterable {
        case noGreeting, halfGreeting, greeting, login, halfResult, halfRow, garbage, nothing
    }

    /// What mysql_native_password makes of "digdeep" and that greeting's scramble.
    static let token: [UInt8] = [
        0x49, 0x1C, 0x20, 0x38, 0xB0, 0xF8, 0x74, 0xD3, 0x1A, 0x5A, 0x48, 0xE6, 0x1A, 0x75, 0xFA, 0x86, 0x00, 0x11,
        0xBC, 0x9E,
    ]

    static func end(_ sequence: UInt8) -> [UInt8] { MySQLPacket.packet(sequence, [0xFE, 0, 0, 2, 0]) }

    static func column(_ sequence: UInt8, _ name: String) -> [UInt8] {
        MySQLPacket.packet(
            sequence,
            [3] + Array("def".utf8) + [0, 0, 0, UInt8(name.utf8.count)] + Array(name.utf8)
                + [0, 0x0C, 0x21, 0, 0xFF, 0, 0, 0, 0xFD, 0, 0, 0, 0, 0])
    }

    static func row(_ sequence: UInt8, _ values: [String?]) -> [UInt8] {
        MySQLPacket.packet(sequence, values.flatMap { $0.map { [UInt8($0.utf8.count)] + Array($0.utf8) } ?? [0xFB] })
    }

    /// Answers as far as the stage says, then waits for the client's end.
    static func serve(_ client: HTTPServer.Client, until stage: Stage) {
        defer { client.hang() }
        switch stage {
        case .noGreeting: return
        case .halfGreeting: return _ = client.send(Array(MySQLPacket.greeting(MycatTables.version).prefix(30)))
        case .garbage: return client.send("HTTP/1.1 400 Bad Request\r\n\r\n")
        case .nothing: return client.shutDown()
        case .greeting, .login, .halfResult, .halfRow: client.send(MySQLPacket.greeting(MycatTables.version))
        }
        guard client.read() != nil, stage != .greeting else { return }
        client.send(MySQLPacket.ok(2))
        guard client.read() != nil, stage != .login else { return }
        let head = MySQLPacket.packet(1, [1]) + column(2, "a") + end(3)
        client.send(stage == .halfResult ? Array(head.prefix(20)) : head + row(4, ["1"]) + row(5, ["2"]).prefix(5))
    }
}
