/// Two hosts in network namespaces with two cables between them, each with a guard channel of its own, on one thread.
import CLinux
import Glibc
import KeepalivedConf
import Lab
import LinuxIO
import Logging
import SystemPackage
import Testing
import VRRPCore
import Wire

@testable import Daemon

extension Trait where Self == ConditionTrait {
    /// Skips a test where network namespaces may not be made.
    static var needsNetworkRights: Self {
        .enabled(
            if: Capabilities.effective.isSuperset(of: [.networkAdministration, .networkRaw, .systemAdministration]),
            "network namespaces take root's rights")
    }
}

/// Two namespaces, held by descriptors, so that the kernel removes them with the test. Each has `service` (10.0.0.N,
/// fe80::N) and `second` (10.1.0.N), joined by cables. The calling thread enters them; it must be one and the same.
final class TwoHosts {
    private let home: Int32
    private var hosts: [Int32] = []

    init() throws {
        home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)
        try #require(home >= 0)
        for _ in 0..<2 {
            try NetworkNamespace.enterNew()
            let host = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)
            setns(home, CLONE_NEWNET)
            try #require(host >= 0)
            hosts.append(host)
        }
        for cable in ["service", "second"] {
            try inside(0) {
                try ip("link add \(cable) type veth peer name \(cable) netns /proc/\(getpid())/fd/\(hosts[1])")
            }
        }
        for host in 0..<2 {
            try inside(host) {
                for (cable, network) in [("service", "10.0.0"), ("second", "10.1.0")] {
                    // Without this the link-local addresses would be tentative for a second or two.
                    try Sysctl("net/ipv6/conf/\(cable)/accept_dad").write("0")
                    try Sysctl("net/ipv6/conf/\(cable)/addr_gen_mode").write("1")
                    try ip("link set \(cable) up")
                    try ip("address add \(network).\(host + 1)/24 dev \(cable)")
                }
                try ip("address add fe80::\(host + 1)/64 dev service nodad")
            }
        }
    }

    deinit {
        for host in hosts { close(host) }
        close(home)
    }

    func inside<Value>(_ host: Int, _ body: () throws -> Value) throws -> Value {
        try #require(setns(hosts[host], CLONE_NEWNET) == 0)
        defer {
            let result = setns(home, CLONE_NEWNET)
            precondition(result == 0, "a thread that cannot go home would spoil the other tests")
        }
        return try body()
    }

    private func ip(_ words: String) throws {
        try runCommand(["ip"] + words.split(separator: " ").map(String.init))
    }

    func run(_ words: String, on host: Int) throws {
        try inside(host) { _ = try runCommand(words.split(separator: " ").map(String.init)) }
    }
}

/// What one host says and hears: one instance, no core.
final class GuardSpeaker: GuardSink {
    struct Heard {
        var message: GuardMessage
        var path: Int
        var source: IPAddress
    }

    static let instance = InstanceID(0)
    let network: TwoHosts
    let host: Int
    let book = LogBook()
    private(set) var channel: GuardChannel?
    var statement: GuardStatement?
    var heard: [Heard] = []
    var advertHeard: [IPAddress: Time] = [:]

    init(
        _ network: TwoHosts, _ host: Int, loop: EventLoop, nonce: UInt64? = nil,
        state: GuardMessage.State = .backup, priority: UInt8 = 100
    ) throws {
        self.network = network
        self.host = host
        statement = GuardStatement(
            state: state, priority: priority, interval: .seconds(1), primaryAddress: try address("10.0.0.\(host + 1)"),
            flags: [.interfaceUsable, .checksPassed])
        let book = book
        channel = GuardChannel(
            loop: loop, logger: Logger(label: "test") { _ in book }, sink: self,
            node: try network.inside(host) { try NodeIdentity.node() }, nonce: try nonce ?? NodeIdentity.nonce())
    }

    /// The plan of an instance with virtual router 196 and the VIP 10.0.0.200, changed by `change`.
    func plan(_ change: (inout GuardPlan) throws -> Void = { _ in }) throws -> GuardPlan {
        var plan = GuardPlan(
            id: Self.instance, name: "VI_1",
            identity: GuardIdentity(
                addressDigest: GuardIdentity.digest(of: [try address("10.0.0.200")]), virtualRouterID: 196,
                family: .ipv4),
            interval: .seconds(1),
            paths: try ["service", "second"].enumerated().map { index, name in
                var addresses = [Prefix(try address("10.\(index).0.\(host + 1)"), length: 24)]
                if index == 0 { addresses.append(Prefix(try address("fe80::\(host + 1)"), length: 64)) }
                return GuardPath(
                    name: name, interface: try network.inside(host) { try Interface(named: name) },
                    addresses: addresses)
            },
            peers: [], isUnicast: false, key: nil)
        try change(&plan)
        return plan
    }

    func apply(port: UInt16 = GuardMessage.standardPort, _ change: (inout GuardPlan) throws -> Void = { _ in }) throws {
        let plan = try plan(change)
        try network.inside(host) { channel?.apply([plan], port: port) }
    }

    func send(_ kind: GuardMessage.Kind = .heartbeat, to receiver: GuardReceiver = .everybody) {
        channel?.send(kind, for: Self.instance, to: receiver)
        channel?.flush()
    }

    var peers: [GuardPeerStatus] { channel?.peers(of: Self.instance) ?? [] }
    func rejected(_ counter: GuardRejection.Counter) -> UInt64 { channel?.rejected[counter] ?? 0 }
    func heard(_ kind: GuardMessage.Kind, onPath path: Int = 0) -> Heard? {
        heard.last { $0.message.kind == kind && $0.path == path }
    }

    func guardStatement(of id: InstanceID) -> GuardStatement? { statement }
    func advertHeard(from address: IPAddress, by id: InstanceID) -> Time? { advertHeard[address] }
    func heard(_ message: GuardMessage, by id: InstanceID, onPath path: Int, from source: IPAddress) {
        heard.append(Heard(message: message, path: path, source: source))
    }
}

/// A key of 32 octets from one letter.
func key(_ letter: Character) -> GuardKey { GuardKey(Array(String(repeating: letter, count: 32).utf8)) }

/// An address from text, for tests.
func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

/// Turns the loop and lets what was queued leave until something is so, for at most `limit`; says whether it became so.
func turn(_ loop: EventLoop, _ speakers: [GuardSpeaker], limit: Duration = .seconds(10), until condition: () -> Bool)
    -> Bool
{
    let end = loop.time + limit.inNanoseconds
    while !condition() {
        guard loop.time < end else { return false }
        loop.turn(maximumWait: .milliseconds(20))
        for speaker in speakers { speaker.channel?.flush() }
    }
    return true
}

/// Sends any octets to the guard's port, from any port, with any TTL.
final class Forger {
    private let descriptor: Int32

    /// In the namespace of the calling thread.
    init(timeToLive: Int32 = 255) throws {
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        try #require(descriptor >= 0)
        var timeToLive = timeToLive
        setsockopt(descriptor, Int32(IPPROTO_IP), IP_TTL, &timeToLive, 4)
    }

    deinit { close(descriptor) }

    func send(_ octets: [UInt8], to destination: IPAddress, port: UInt16 = GuardMessage.standardPort) throws {
        let count = SocketAddress(destination, port: port).withSocketAddress { name, length in
            sendto(descriptor, octets, octets.count, 0, .init(__sockaddr__: name), length)
        }
        try #require(count == octets.count)
    }
}

extension GuardMessage {
    /// The octets of a message, signed when there is a key.
    func octets(_ signature: GuardSignature? = nil) -> [UInt8] {
        var octets = [UInt8](count: Self.length) { encode(into: &$0) }
        if let signature { octets.withUnsafeMutableBytes { #expect(signature.sign($0)) } }
        return octets
    }
}

/// Holds the guard's port on all interfaces, in the namespace of the calling thread.
final class Thief {
    private let descriptor: Int32

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        try #require(descriptor >= 0)
        let result = SocketAddress(.unspecified(.ipv4), port: port).withSocketAddress {
            bind(descriptor, .init(__sockaddr__: $0), $1)
        }
        try #require(result == 0)
    }

    deinit { close(descriptor) }
}

/// Runs nft in the namespace of the calling thread.
@discardableResult
func nft(_ words: String) throws -> String {
    try runCommand(["nft"] + words.split(separator: " ").map(String.init))
}
