/// A server that speaks just enough of MySQL's protocol to stop in the middle of it.
import LinuxIO

enum StandInMySQL {
    /// Where it stops answering.
    enum Stage: Int, CaseIterable {
        case noGreeting, halfGreeting, greeting, login, halfResult, halfRow, garbage, nothing
    }

    /// As Mycat 1.6 greets: protocol 10, the old upper half of capabilities empty, no authentication plugin named.
    static let mycatGreeting =
        packet(
            0,
            [0x0A] + Array("5.6.29-mycat-1.6-RELEASE-20161028204710".utf8) + [0, 5, 0, 0, 0] + Array("VW4Bn3Gt".utf8)
                + [0, 0xCF, 0xB7, 0x21, 2, 0] + [UInt8](repeating: 0, count: 13) + Array("IR1zVkiDf5BK".utf8) + [0])

    /// What mysql_native_password makes of "digdeep" and that greeting's scramble.
    static let token: [UInt8] = [
        0x49, 0x1C, 0x20, 0x38, 0xB0, 0xF8, 0x74, 0xD3, 0x1A, 0x5A, 0x48, 0xE6, 0x1A, 0x75, 0xFA, 0x86, 0x00, 0x11,
        0xBC, 0x9E,
    ]

    static func ok(_ sequence: UInt8) -> [UInt8] { packet(sequence, [0, 0, 0, 2, 0, 0, 0]) }
    static func end(_ sequence: UInt8) -> [UInt8] { packet(sequence, [0xFE, 0, 0, 2, 0]) }

    static func failure(_ sequence: UInt8, _ number: UInt16, _ text: String) -> [UInt8] {
        packet(sequence, [0xFF, UInt8(number & 0xFF), UInt8(number >> 8)] + Array("#HY000\(text)".utf8))
    }

    static func packet(_ sequence: UInt8, _ body: [UInt8]) -> [UInt8] {
        [UInt8(body.count & 0xFF), UInt8(body.count >> 8 & 0xFF), UInt8(body.count >> 16), sequence] + body
    }

    static func column(_ sequence: UInt8, _ name: String) -> [UInt8] {
        packet(
            sequence,
            [3] + Array("def".utf8) + [0, 0, 0, UInt8(name.utf8.count)] + Array(name.utf8)
                + [0, 0x0C, 0x21, 0, 0xFF, 0, 0, 0, 0xFD, 0, 0, 0, 0, 0])
    }

    static func row(_ sequence: UInt8, _ values: [String?]) -> [UInt8] {
        packet(sequence, values.flatMap { $0.map { [UInt8($0.utf8.count)] + Array($0.utf8) } ?? [0xFB] })
    }

    /// Answers as far as the stage says, then waits for the client's end.
    static func serve(_ client: HTTPServer.Client, until stage: Stage) {
        defer { client.hang() }
        switch stage {
        case .noGreeting: return
        case .halfGreeting: return _ = client.send(Array(mycatGreeting.prefix(30)))
        case .garbage: return client.send("HTTP/1.1 400 Bad Request\r\n\r\n")
        case .nothing: return client.shutDown()
        case .greeting, .login, .halfResult, .halfRow: client.send(mycatGreeting)
        }
        guard client.read() != nil, stage != .greeting else { return }
        client.send(ok(2))
        guard client.read() != nil, stage != .login else { return }
        let head = packet(1, [1]) + column(2, "a") + end(3)
        client.send(stage == .halfResult ? Array(head.prefix(20)) : head + row(4, ["1"]) + row(5, ["2"]).prefix(5))
    }
}
