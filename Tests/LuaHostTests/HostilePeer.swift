/// The far end of a connection at its worst: what a broken, frozen or malicious service does to whoever asks it.
import Glibc

enum HostilePeer: String, CaseIterable, Sendable {
    case garbage = "random octets, then silence"
    case garbageAndEnd = "random octets, then the end"
    case dribble = "one random octet at a time, for ever"
    case flood = "random octets as fast as they are taken, for ever"
    case silence = "nothing"
    case end = "the end at once"
    case reset = "a reset at once"
    case half = "half of a good answer, then the end"
    case halfAndSilence = "half of a good answer, then silence"
    case halfAndGarbage = "half of a good answer, then random octets"
    case halfAndFlood = "half of a good answer, then random octets for ever"
    case longLine = "a line that is longer than anything may be"
    case zeros = "zeros"

    /// Treats one connection. `half`: how a good answer begins; `seed`: of what is random.
    func serve(_ client: HTTPServer.Client, half: [UInt8], seed: UInt64) {
        var random = SeededOctets(state: seed)
        switch self {
        case .garbage:
            client.send(random.next(4_096))
            client.hang()
        case .garbageAndEnd: client.send(random.next(4_096))
        case .dribble: while client.send(random.next(1)) { usleep(10_000) }
        case .flood: while client.send(random.next(65_536)) {}
        case .silence: client.hang()
        case .end: client.shutDown()
        case .reset: client.reset()
        case .half:
            client.send(half)
            client.shutDown()
        case .halfAndSilence:
            client.send(half)
            client.hang()
        case .halfAndGarbage: client.send(half + random.next(4_096))
        case .halfAndFlood:
            client.send(half)
            while client.send(random.next(65_536)) {}
        case .longLine:
            let piece = [UInt8](repeating: UInt8(ascii: "a"), count: 65_536)
            for _ in 0..<64 where !client.send(piece) { return }
            client.hang()
        case .zeros:
            client.send([UInt8](repeating: 0, count: 4_096))
            client.hang()
        }
    }
}

extension HTTPServer.Client {
    /// Ends the connection by RST.
    func reset() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    }
}

/// Octets that look random and are the same for the same seed (SplitMix64).
private struct SeededOctets {
    var state: UInt64

    mutating func next(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { space, filled in
            for index in 0..<count { space.initializeElement(at: index, to: octet()) }
            filled = count
        }
    }

    private mutating func octet() -> UInt8 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return UInt8(truncatingIfNeeded: word ^ (word >> 31))
    }
}
