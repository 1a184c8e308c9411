/// Why a datagram on the guard channel was not believed: one case, one counter, one sentence with both values.
import VRRPCore
import Wire

enum GuardRejection: Error, Hashable {
    case undecodable(GuardDecodeError)
    /// Neither its addresses nor its virtual router are configured on this interface.
    case unknownInstance(GuardIdentity)
    /// It came through a router, or claims to, and no key protects the instance.
    case hopLimit(UInt8?)
    /// A key is set here, and it has no signature.
    case unsigned
    /// It has a signature, and no key is set here.
    case unexpectedSignature
    case wrongSignature
    case refused(ChannelPeers.Refusal)

    /// The names of the counters: the same cases without what was received.
    enum Counter: String, Hashable, CaseIterable {
        case undecodable = "undecodable"
        case unknownInstance = "unknown-instance"
        case hopLimit = "hop-limit"
        case unsigned = "unsigned"
        case unexpectedSignature = "unexpected-signature"
        case wrongSignature = "wrong-signature"
        case own = "own"
        case repeated = "repeated"
        case formerProcess = "former-process"
        case tooManyPeers = "too-many-peers"
    }

    var counter: Counter {
        switch self {
        case .undecodable: .undecodable
        case .unknownInstance: .unknownInstance
        case .hopLimit: .hopLimit
        case .unsigned: .unsigned
        case .unexpectedSignature: .unexpectedSignature
        case .wrongSignature: .wrongSignature
        case .refused(.own): .own
        case .refused(.repeated): .repeated
        case .refused(.formerProcess): .formerProcess
        case .refused(.tooManyPeers): .tooManyPeers
        }
    }

    /// What happens on a healthy network, too: other pairs on the link, packets that two paths bring twice, a restart.
    var isOrdinary: Bool {
        switch self {
        case .unknownInstance, .refused(.own), .refused(.repeated), .refused(.formerProcess): true
        case .undecodable, .hopLimit, .unsigned, .unexpectedSignature, .wrongSignature, .refused(.tooManyPeers): false
        }
    }
}

extension GuardRejection: CustomStringConvertible {
    /// The sentence for the log, to stand behind "dropped a guard message from 192.0.2.1 on eth0: ".
    var description: String {
        switch self {
        case .undecodable(let error): "\(error)"
        case .unknownInstance(let identity):
            "it is about virtual router \(identity.virtualRouterID) over \(identity.family == .ipv4 ? "IPv4" : "IPv6"), "
                + "which has neither this number nor these addresses here; "
                + "if it should be the same one, give both nodes the same virtual_ipaddress"
        case .hopLimit(let hopLimit):
            "it came through a router (TTL \(hopLimit.map(String.init) ?? "unknown"), not 255), and this guard has no key; "
                + "write the same key into the guard of both nodes"
        case .unsigned:
            "it is not signed, and this guard has a key; write the same key into the guard of both nodes"
        case .unexpectedSignature:
            "it is signed, and this guard has no key; write the same key into the guard of both nodes"
        case .wrongSignature:
            "its signature does not fit the key of this guard; the keys of the two nodes differ"
        case .refused(let refusal): refusal.description
        }
    }
}
