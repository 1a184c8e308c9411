/// Packets of MySQL's protocol as servers write them: what the stand-ins and the replayed servers are made from.

package enum MySQLPacket {
    /// A packet of less than 16 MiB: length, sequence number, body.
    package static func packet(_ sequence: UInt8, _ body: [UInt8]) -> [UInt8] {
        precondition(body.count < 1 << 24, "one packet holds less than 16 MiB")
        return [UInt8(body.count & 0xFF), UInt8(body.count >> 8 & 0xFF), UInt8(body.count >> 16), sequence] + body
    }

    package static func ok(_ sequence: UInt8) -> [UInt8] { packet(sequence, [0, 0, 0, 2, 0, 0, 0]) }

    package static func failure(_ sequence: UInt8, _ number: UInt16, _ text: String) -> [UInt8] {
        packet(sequence, [0xFF, UInt8(number & 0xFF), UInt8(number >> 8)] + Array("#HY000\(text)".utf8))
    }

    /// The first packet of a server, with the field values of Mycat 1.6: the upper half of the capabilities is empty and
    /// no authentication plugin is named.
    package static func greeting(_ version: String, protocolVersion: UInt8 = 10) -> [UInt8] {
        var body: [UInt8] = [protocolVersion] + Array(version.utf8) + [0]
        body += [5, 0, 0, 0]  // thread
        body += Array("VW4Bn3Gt".utf8) + [0]  // first part of the scramble
        body += [0xCF, 0xB7, 0x21, 0x02, 0x00]  // capabilities, character set, status
        body += [UInt8](repeating: 0, count: 13)
        body += Array("IR1zVkiDf5BK".utf8) + [0]  // second part
        return packet(0, body)
    }

    /// A result as Mycat writes it: columns without a character set or a length, and an EOF after them. The second part
    /// of a column is the number of its type: 3 and 8 are integers, 253 is text.
    package static func table(_ columns: [(name: String, type: UInt8)], _ rows: [[String]]) -> [UInt8] {
        var sequence: UInt8 = 1
        var octets: [UInt8] = []
        func add(_ body: [UInt8]) {
            octets += packet(sequence, body)
            sequence &+= 1
        }
        let end: [UInt8] = [0xFE, 0, 0, 2, 0]
        add([UInt8(columns.count)])
        for (name, type) in columns {
            add(
                [3] + Array("def".utf8) + [0, 0, 0, UInt8(name.utf8.count)] + Array(name.utf8)
                    + [0, 0x0C, 0, 0, 0, 0, 0, 0, type, 0, 0, 0, 0, 0])
        }
        add(end)
        for row in rows { add(row.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }) }
        add(end)
        return octets
    }
}
