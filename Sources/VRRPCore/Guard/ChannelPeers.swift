/// The nodes that speak to one instance on the guard channel: who they are, which of their words are new, and when they
/// were heard on which path.
import Wire

/// One other node of an instance.
package struct ChannelPeer: Hashable, Sendable {
    /// What is known of one way to the peer.
    package struct Path: Hashable, Sendable {
        /// Where its messages come from; nil: it was never heard here.
        package var address: IPAddress?
        package var heardAt: Time?
        /// The greatest sequence heard here under the present nonce.
        var sequence: UInt64 = 0
    }

    package var node: UInt64
    package var nonce: UInt64
    /// The present process's last message that was believed, whatever the path.
    package var last: GuardMessage
    package var lastHeardAt: Time
    /// By path: 0 is the interface of the virtual router, the others are second paths.
    package var paths: [Path]
    /// The process before the present one: its late packets are no restart.
    var previousNonce: UInt64?

    /// What a message to this peer echoes.
    package var echo: GuardEcho { GuardEcho(nonce: nonce, sequence: last.sequence) }

    /// How long ago it was heard on one path; nil: never.
    package func age(onPath path: Int, now: Time) -> Duration? { paths[path].heardAt.map { now - $0 } }

    /// The shortest age on the second paths; nil: it was heard on none.
    package func secondPathAge(now: Time) -> Duration? {
        var youngest: Duration?
        for path in paths.indices.dropFirst() {
            guard let age = age(onPath: path, now: now) else { continue }
            youngest = min(youngest ?? age, age)
        }
        return youngest
    }
}

/// Believes each message of a node once, and a node that was restarted only when it has proved to be alive now.
///
/// Sequences grow strictly, on each path by itself: one path may be faster than another. When messages are signed, an
/// old process's recorded messages must not pass for a node that comes back, though their signatures are right. So a
/// nonce that is new must echo a message that this node has sent after it saw that nonce: a query is sent, and the reply
/// proves it. Without a key anybody can say anything, and a new nonce is taken at its word.
package struct ChannelPeers: Hashable, Sendable {
    package static let capacity = 32
    /// Nodes that have yet to prove themselves; the oldest gives way.
    private static let mostCandidates = 8
    /// A peer that was silent for so long gives way to a new one.
    private static let forgettable = Duration.seconds(60)
    /// Between two queries to one candidate.
    private static let patience = Duration.seconds(1)

    /// Why a message was not believed.
    package enum Refusal: Hashable, Sendable {
        /// This very process sent it.
        case own
        /// Not newer than what was heard on this path.
        case repeated(sequence: UInt64, last: UInt64)
        /// Of the process before the node's present one.
        case formerProcess
        /// No room for another node.
        case tooManyPeers
    }

    package enum Verdict: Hashable, Sendable {
        /// The peer's place in `peers`.
        case believed(Int)
        /// A node that has yet to prove that it is alive now. `asks`: it is time to send it a query.
        case unproved(asks: Bool)
        case refused(Refusal)
    }

    private struct Candidate: Hashable, Sendable {
        var node: UInt64
        var nonce: UInt64
        /// An echo of this sequence of ours, or a later one, is the proof.
        var challenge: UInt64
        var askedAt: Time
    }

    /// In the order in which they were heard first.
    package private(set) var peers: [ChannelPeer] = []
    private var candidates: [Candidate] = []
    private let node: UInt64
    private let nonce: UInt64
    private let pathCount: Int
    /// Whether messages are signed, so that a restart has to be proved.
    private let demandsProof: Bool

    /// `node`, `nonce`: this process's own.
    package init(node: UInt64, nonce: UInt64, pathCount: Int, demandsProof: Bool) {
        precondition(pathCount > 0, "there is at least the interface of the virtual router")
        self.node = node
        self.nonce = nonce
        self.pathCount = pathCount
        self.demandsProof = demandsProof
        peers.reserveCapacity(Self.capacity)
        candidates.reserveCapacity(Self.mostCandidates)
    }

    /// Judges one message and remembers it when it is believed. Allocates only for a node that is new.
    ///
    /// `nextSequence`: what the next message that this process sends will carry.
    package mutating func receive(
        _ message: GuardMessage, onPath path: Int, from address: IPAddress, nextSequence: UInt64, now: Time
    ) -> Verdict {
        precondition(path < pathCount, "a message comes in by a path that exists")
        if message.node == node, message.nonce == nonce { return .refused(.own) }
        guard let index = peers.firstIndex(where: { $0.node == message.node }) else {
            return meet(message, onPath: path, from: address, nextSequence: nextSequence, now: now)
        }
        guard message.nonce == peers[index].nonce else {
            if message.nonce == peers[index].previousNonce { return .refused(.formerProcess) }
            if demandsProof, let asks = challenge(message, nextSequence, now) { return .unproved(asks: asks) }
            restart(index, message)
            note(message, of: index, path, address, now)
            return .believed(index)
        }
        let last = peers[index].paths[path].sequence
        guard message.sequence > last else {
            return .refused(.repeated(sequence: message.sequence, last: last))
        }
        note(message, of: index, path, address, now)
        return .believed(index)
    }

    /// The place of a node in `peers`.
    package func index(of node: UInt64) -> Int? { peers.firstIndex { $0.node == node } }

    /// The place of the peer whose messages come from this address on this path.
    package func index(at address: IPAddress, onPath path: Int) -> Int? {
        peers.firstIndex { $0.paths[path].address == address }
    }

    private mutating func meet(
        _ message: GuardMessage, onPath path: Int, from address: IPAddress, nextSequence: UInt64, now: Time
    ) -> Verdict {
        if demandsProof, let asks = challenge(message, nextSequence, now) { return .unproved(asks: asks) }
        if peers.count == Self.capacity {
            guard let oldest = peers.indices.min(by: { peers[$0].lastHeardAt < peers[$1].lastHeardAt }),
                now - peers[oldest].lastHeardAt > Self.forgettable
            else { return .refused(.tooManyPeers) }
            peers.remove(at: oldest)
        }
        peers.append(
            ChannelPeer(
                node: message.node, nonce: message.nonce, last: message, lastHeardAt: now,
                paths: [ChannelPeer.Path](repeating: ChannelPeer.Path(), count: pathCount)))
        note(message, of: peers.count - 1, path, address, now)
        return .believed(peers.count - 1)
    }

    /// nil: this message is the proof. Otherwise whether to ask for one now.
    private mutating func challenge(_ message: GuardMessage, _ nextSequence: UInt64, _ now: Time) -> Bool? {
        guard let index = candidates.firstIndex(where: { $0.node == message.node && $0.nonce == message.nonce }) else {
            if candidates.count == Self.mostCandidates { candidates.removeFirst() }
            candidates.append(
                Candidate(node: message.node, nonce: message.nonce, challenge: nextSequence, askedAt: now))
            return true
        }
        if let echo = message.echo, echo.nonce == nonce, echo.sequence >= candidates[index].challenge,
            echo.sequence < nextSequence
        {
            candidates.remove(at: index)
            return nil
        }
        guard now - candidates[index].askedAt >= Self.patience else { return false }
        candidates[index].askedAt = now
        return true
    }

    private mutating func restart(_ index: Int, _ message: GuardMessage) {
        peers[index].previousNonce = peers[index].nonce
        peers[index].nonce = message.nonce
        for path in peers[index].paths.indices { peers[index].paths[path].sequence = 0 }
    }

    private mutating func note(
        _ message: GuardMessage, of index: Int, _ path: Int, _ address: IPAddress, _ now: Time
    ) {
        peers[index].paths[path].address = address
        peers[index].paths[path].heardAt = now
        peers[index].paths[path].sequence = message.sequence
        peers[index].lastHeardAt = now
        // A slower path brings older words.
        if message.sequence > peers[index].last.sequence || peers[index].last.nonce != message.nonce {
            peers[index].last = message
        }
    }
}

extension ChannelPeers.Refusal: CustomStringConvertible {
    /// The sentence for the log, to stand behind "dropped a guard message from 192.0.2.1: ".
    package var description: String {
        switch self {
        case .own: "this daemon sent it itself"
        case .repeated(let sequence, let last): "it is number \(sequence), and number \(last) was heard before"
        case .formerProcess: "it is of the process before the node's present one"
        case .tooManyPeers: "\(ChannelPeers.capacity) nodes speak to this instance already"
        }
    }
}
