/// VRRP packets that no router may act on: malformed, spoofed, random. The same seed gives the same packets.
import Wire

/// What is wrong with a packet.
enum HostileKind: CaseIterable {
    case randomOctets, truncated, badChecksum, wrongTTL, wrongPassword, noPassword, otherVersion, unknownType
    case otherInterval, countTooHigh, unknownRouter, goodbyeWithoutPassword, brokenIPHeader
}

/// Makes Ethernet frames aimed at a VRRPv2 pair with a password.
struct HostilePackets {
    var router: UInt8
    var password: [UInt8]
    /// The addresses the frames claim to come from.
    var sources: [[UInt8]]
    var virtualAddress: [UInt8]
    private var state: UInt64

    init(router: UInt8, password: String, sources: [[UInt8]], virtualAddress: [UInt8], seed: UInt64 = 1) {
        self.router = router
        self.password = Array((Array(password.utf8) + [UInt8](repeating: 0, count: 8)).prefix(8))
        self.sources = sources
        self.virtualAddress = virtualAddress
        state = seed
    }

    /// The next frame; every kind has its turn.
    mutating func next(_ number: Int) -> [UInt8] {
        let kind = HostileKind.allCases[number % HostileKind.allCases.count]
        let message = message(kind)
        var header: [UInt8] = [0x45, 0xC0, 0, 0, 0, 0, 0, 0, kind == .wrongTTL ? 254 : 255, 112, 0, 0]
        header += sources[random(sources.count)] + [224, 0, 0, 18]
        let length = 20 + message.count
        (header[2], header[3]) = (UInt8(length >> 8), UInt8(length & 0xff))
        if kind == .brokenIPHeader {
            // The packet's length is a lie, and the header's may be another.
            header[0] = 0x40 | UInt8(random(16))
            header[3] &+= UInt8(1 + random(255))
        }
        fill(checksumAt: 10, of: &header)
        return [0x01, 0x00, 0x5e, 0, 0, 18, 0x02, 0, 0, 0, 0, 0x66, 0x08, 0x00] + header + message
    }

    private mutating func message(_ kind: HostileKind) -> [UInt8] {
        if kind == .randomOctets { return (0..<random(80)).map { _ in UInt8(random(256)) } }
        var message: [UInt8] = [0x21, router, 255, 1, 1, 1, 0, 0] + virtualAddress + password
        switch kind {
        case .wrongPassword, .goodbyeWithoutPassword: message[12] ^= 0x20
        case .noPassword: message.replaceSubrange(12..., with: [UInt8](repeating: 0, count: 8))
        case .otherVersion: message[0] = 0x31
        case .unknownType: message[0] = 0x20 | UInt8(2 + random(14))
        case .otherInterval: message[5] = UInt8(2 + random(254))
        case .countTooHigh: message[3] = UInt8(2 + random(254))
        case .unknownRouter: message[1] = router &+ 1 &+ UInt8(random(255))
        case .randomOctets, .truncated, .badChecksum, .wrongTTL, .brokenIPHeader: break
        }
        if kind == .noPassword { message[4] = 0 }
        if kind == .goodbyeWithoutPassword { message[2] = 0 }
        fill(checksumAt: 6, of: &message)
        if kind == .badChecksum { message[6] ^= UInt8(1 + random(255)) }
        if kind == .truncated { message.removeLast(1 + random(message.count)) }
        return message
    }

    private func fill(checksumAt place: Int, of octets: inout [UInt8]) {
        var sum = Checksum()
        sum.add(octets.span.bytes)
        (octets[place], octets[place + 1]) = (UInt8(sum.value >> 8), UInt8(sum.value & 0xff))
    }

    /// A number below `limit`, by Marsaglia's xorshift: repeatable on purpose.
    private mutating func random(_ limit: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state % UInt64(limit))
    }
}
