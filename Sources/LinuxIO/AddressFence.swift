/// A fence of milliseconds around addresses: packets to and from them pass only while somebody keeps saying so.
import CLinux
import Glibc
import SystemPackage
import Wire

/// What opens the fence for some addresses, in finished messages.
package struct FencePass: Sendable {
    fileprivate let open: ContiguousArray<UInt8>
    fileprivate let extend: ContiguousArray<UInt8>
    fileprivate let extendGuard: ContiguousArray<UInt8>
    fileprivate let close: ContiguousArray<UInt8>
    fileprivate let tag: Int

    /// - Parameters:
    ///   - addresses: what is fenced.
    ///   - opening: how long the fence stays open after each extension; the kernel counts in its ticks of 1 to 10 ms.
    ///   - guarding: how long after the last extension the addresses are fenced at all; nil: until `close`. It must be
    ///     longer than the host keeps them without a daemon; then nothing of the fence is left for whoever uses them next.
    ///   - tag: given back with a refusal, so that the owner knows whose addresses they are; it fits into 32 bits.
    package init(
        table: String, _ addresses: [IPAddress], opening: Duration, guarding: Duration?, tag: Int
    ) {
        var (open, extend, extendGuard, close) = (Self.none, Self.none, Self.none, Self.none)
        func append(_ octets: inout ContiguousArray<UInt8>, _ request: NetlinkRequest) {
            var request = request
            request.sequence = Self.sequence(tag)
            octets += request.bytes
        }
        for place in FenceSet.all {
            let members = addresses.filter { $0.family == place.addresses }
            guard !members.isEmpty else { continue }
            let table = NftTable(name: table, family: place.table)
            for (set, timeout) in [(place.guarded, guarding), (place.alive, .some(opening))] {
                let add = table.elements(NFT_MSG_NEWSETELEM, of: set, members, timeout: timeout)
                let delete = table.elements(NFT_MSG_DELSETELEM, of: set, members)
                // One that may be there or not is added, then taken out: only what is there can be deleted.
                for request in [add, delete, add] { append(&open, request) }
                for request in [add, delete] { append(&close, request) }
                // Here lies the fence's strength: what has run out cannot be deleted, so it cannot be extended either,
                // however late a process that was stopped comes with its request.
                let isAlive = set == place.alive
                for request in [delete, add] {
                    if isAlive { append(&extend, request) } else { append(&extendGuard, request) }
                }
            }
        }
        (self.open, self.extend, self.extendGuard, self.close) = (open, extend, extendGuard, close)
        self.tag = tag
    }

    private static let none: ContiguousArray<UInt8> = []

    /// The ends of a batch have number 0.
    private static func sequence(_ tag: Int) -> UInt32 { UInt32(tag) + 1 }
    fileprivate var sequence: UInt32 { Self.sequence(tag) }
}

/// What is to happen with the addresses of a pass.
package struct FenceChange: Sendable {
    package enum Kind: Sendable {
        /// Guard them and open the fence for them, whatever was before.
        case open
        /// Leave the fence open for another while; `extendWithGuard`: and guard them at all for another while.
        case extend, extendWithGuard
        /// Guard them no longer.
        case close
    }

    package var kind: Kind
    package var pass: FencePass

    package init(_ kind: Kind, _ pass: FencePass) {
        self.kind = kind
        self.pass = pass
    }

    fileprivate func append(to octets: inout ContiguousArray<UInt8>) {
        switch kind {
        case .open: octets += pass.open
        case .close: octets += pass.close
        case .extend: octets += pass.extend
        case .extendWithGuard:
            octets += pass.extend
            octets += pass.extendGuard
        }
    }
}

/// One set of addresses and its place: tables do not share sets, and ARP has a table of its own.
private struct FenceSet {
    var table: NftFamily
    var addresses: AddressFamily
    var guarded: String { addresses == .ipv4 ? "guarded4" : "guarded6" }
    var alive: String { addresses == .ipv4 ? "alive4" : "alive6" }

    static let all = [
        FenceSet(table: .inet, addresses: .ipv4), FenceSet(table: .inet, addresses: .ipv6),
        FenceSet(table: .arp, addresses: .ipv4),
    ]
}

/// The tables of nf_tables that make the fence, one for IP and one for ARP, both of one name.
///
/// A packet to or from a guarded address is dropped unless the address is alive; both are elements with a timeout. So
/// the kernel closes the fence when nobody extends it, to the millisecond, and whatever has become of the daemon. Every
/// change is one batch, done and answered before the call returns.
package final class AddressFence {
    /// Before connection tracking and everybody else's filters.
    private static let priority: Int32 = -350
    /// Octets of one batch.
    private static let batchLength = 64 * 1024

    package let name: String
    private let socket: NetlinkSocket
    private let begin = NetlinkRequest(batch: NFNL_MSG_BATCH_BEGIN)
    private let end = NetlinkRequest(batch: NFNL_MSG_BATCH_END)
    private var output: ContiguousArray<UInt8> = []
    /// What the kernel has refused of the batch that was sent last, by the numbers of its requests.
    private var refusals: ContiguousArray<(sequence: UInt32, errno: Errno)> = []

    /// Only opens the socket. `name`: of the tables, letters, digits and underscores.
    ///
    /// Throws: EPROTONOSUPPORT without netfilter, EMFILE.
    package init(name: String) throws(IOFailure) {
        self.name = name
        socket = try NetlinkSocket(protocol: NETLINK_NETFILTER, receiveBuffer: 1 << 20)
    }

    private var tables: [NftTable] { NftFamily.allCases.map { NftTable(name: name, family: $0) } }

    /// Makes the tables, empty, in place of those that a predecessor left.
    ///
    /// Throws: EOPNOTSUPP, EINVAL or ENOENT when the kernel has no nf_tables or a part of it is missing; EPERM.
    package func install() throws(IOFailure) {
        var requests: [NetlinkRequest] = []
        for table in tables { requests += [table.make(), table.delete(), table.make()] }
        for (index, set) in FenceSet.all.enumerated() {
            let table = NftTable(name: name, family: set.table)
            let number = UInt32(2 * index)
            requests.append(table.makeSet(set.guarded, of: set.addresses, number: number))
            requests.append(table.makeSet(set.alive, of: set.addresses, number: number + 1))
        }
        let input = "input"
        let output = "output"
        let ip = NftTable(name: name, family: .inet)
        requests += [
            ip.makeChain(input, hook: NF_INET_LOCAL_IN.rawValue, priority: Self.priority),
            ip.makeChain(output, hook: NF_INET_LOCAL_OUT.rawValue, priority: Self.priority),
            // Destination and source of the IP header (RFC 791 §3.1, RFC 8200 §3). Neighbour advertisements come from
            // the address that they are about, so nobody learns a fenced address anew.
            ip.makeRule(in: input, Self.rule(.ipv4, offset: 16)), ip.makeRule(in: input, Self.rule(.ipv6, offset: 24)),
            ip.makeRule(in: output, Self.rule(.ipv4, offset: 12)), ip.makeRule(in: output, Self.rule(.ipv6, offset: 8)),
        ]
        let arp = NftTable(name: name, family: .arp)
        requests += [
            arp.makeChain(output, hook: UInt32(NF_ARP_OUT), priority: Self.priority),
            // The sender's protocol address (RFC 826), in what this kernel sends, replies above all.
            arp.makeRule(in: output, Array(Self.rule(.ipv4, offset: 14).dropFirst())),
        ]
        try change(requests)
    }

    private static func rule(_ family: AddressFamily, offset: Int) -> [NftExpression] {
        let names = FenceSet(table: .inet, addresses: family)
        let load = NftExpression.load(offset: offset, length: family.addressLength)
        return [
            .isFamily(family), load, .isIn(names.guarded, inverted: false), load, .isIn(names.alive, inverted: true),
            .count, .drop,
        ]
    }

    /// Takes the tables away; without them nothing is fenced.
    ///
    /// Throws: EPERM.
    package func remove() throws(IOFailure) {
        try change(tables.flatMap { [$0.make(), $0.delete()] })
    }

    /// False when somebody has taken the tables away, as `nft flush ruleset` does with everybody's.
    package var isInstalled: Bool {
        tables.allSatisfy { table in
            do throws(IOFailure) {
                try exchange(table.look().bytes)
                return true
            } catch {
                return false
            }
        }
    }

    /// Carries out changes, in their order and with as few batches as they fit into. Once it has grown to its largest turn
    /// it allocates nothing.
    ///
    /// `refused` is called for each pass of which something was refused: ENOENT when it is to be extended and its time is
    /// over, or without the tables; EPERM, ENOMEM.
    package func carryOut(_ changes: ContiguousArray<FenceChange>, refused: (_ tag: Int, IOFailure) -> Void) {
        var first = changes.startIndex
        while first < changes.endIndex { first = carryOut(changes, from: first, refused) }
    }

    /// One batch. Because of one refusal the kernel does nothing of it, which takes it a while; it names them all, so that
    /// the second try is without them.
    private func carryOut(
        _ changes: ContiguousArray<FenceChange>, from first: Int, _ refused: (_ tag: Int, IOFailure) -> Void
    ) -> Int {
        refusals.removeAll(keepingCapacity: true)
        while true {
            output.removeAll(keepingCapacity: true)
            output += begin.bytes
            let empty = output.count
            var next = first
            while next < changes.endIndex, next == first || output.count < Self.batchLength {
                if refusal(of: changes[next]) == nil { changes[next].append(to: &output) }
                next += 1
            }
            let isEmpty = output.count == empty
            output += end.bytes
            let known = refusals.count
            do throws(IOFailure) {
                if !isEmpty { try exchange(output) }
            } catch {
                // Refused requests have been noted. Without them it was the batch as a whole.
                if refusals.count > known { continue }
                for change in changes[first..<next] { refused(change.pass.tag, error) }
                return next
            }
            for change in changes[first..<next] {
                if let errno = refusal(of: change) { refused(change.pass.tag, failure(errno)) }
            }
            return next
        }
    }

    private func refusal(of change: FenceChange) -> Errno? {
        refusals.first { $0.sequence == change.pass.sequence }?.errno
    }

    private func failure(_ errno: Errno) -> IOFailure { IOFailure("nf_tables", errno, "table \(name)") }

    // MARK: Batches

    private func change(_ requests: [NetlinkRequest]) throws(IOFailure) {
        var octets = begin.bytes
        for request in requests { octets += request.bytes }
        try exchange(octets + end.bytes)
    }

    /// Sends, and reads what the kernel has answered: errors only.
    private func exchange(_ octets: some Collection<UInt8>) throws(IOFailure) {
        try socket.send(octets)
        var first: Errno?
        var isDrained = false
        while !isDrained {
            isDrained = true
            try socket.receive { message in
                isDrained = false
                guard message.type == UInt16(NLMSG_ERROR), let code = message.header(Int32.self), code != 0 else {
                    return
                }
                let errno = Errno(rawValue: -code)
                first = first ?? errno
                // One for each request of a pass.
                if message.sequence != 0, refusals.last?.sequence != message.sequence {
                    refusals.append((message.sequence, errno))
                }
            }
        }
        if let first { throw failure(first) }
    }
}
