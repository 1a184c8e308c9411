/// What comes in on the guard channel: decoded, attributed to an instance, proved, answered, and told to the core.
import LinuxIO
import Logging
import VRRPCore
import Wire

extension GuardChannel {
    func judge(_ bytes: UnsafeRawBufferPointer, _ info: PacketInfo, _ listener: Listener) {
        do throws(GuardRejection) {
            try accept(bytes, info, listener)
        } catch {
            reject(error, info, listener)
        }
    }

    private func accept(
        _ bytes: UnsafeRawBufferPointer, _ info: PacketInfo, _ listener: Listener
    ) throws(GuardRejection) {
        let message: GuardMessage
        do throws(GuardDecodeError) {
            message = try GuardMessage.decode(bytes.bytes)
        } catch {
            throw .undecodable(error)
        }
        guard let member = listener.member(for: message.identity, from: info.source) else {
            throw .unknownInstance(message.identity)
        }
        let endpoint = member.endpoint
        try checkHopLimit(info, endpoint)
        try checkSignature(bytes, endpoint)
        let verdict = endpoint.peers.receive(
            message, onPath: member.path, from: info.source, nextSequence: nextSequence, now: now)
        let place = GuardDestination(
            path: member.path,
            to: GuardSocket.Destination(
                info.source, from: info.destination.isMulticast ? nil : info.destination))
        switch verdict {
        case .refused(let refusal): throw .refused(refusal)
        case .unproved(let asks):
            // The other node may be waiting for the same proof.
            if message.kind == .query { reply(.reply, to: message, at: place, of: endpoint) }
            if asks { reply(.query, to: message, at: place, of: endpoint) }
        case .believed:
            believed += 1
            if message.kind == .heartbeat { reply(.ack, to: message, at: place, of: endpoint) }
            if message.kind == .query { reply(.reply, to: message, at: place, of: endpoint) }
            sink?.heard(message, by: endpoint.plan.id, onPath: member.path, from: info.source)
        }
    }

    /// RFC 5082: 255 is what a router would have made smaller. A signature proves more, but a group never leaves a link.
    private func checkHopLimit(_ info: PacketInfo, _ endpoint: GuardEndpoint) throws(GuardRejection) {
        guard info.hopLimit != 255 else { return }
        guard endpoint.signature != nil, !info.destination.isMulticast else { throw .hopLimit(info.hopLimit) }
    }

    private func checkSignature(_ bytes: UnsafeRawBufferPointer, _ endpoint: GuardEndpoint) throws(GuardRejection) {
        let isSigned = GuardSignature.isPresent(in: bytes)
        guard let signature = endpoint.signature else {
            guard !isSigned else { throw .unexpectedSignature }
            return
        }
        guard isSigned else { throw .unsigned }
        guard signature.verifies(bytes) else { throw .wrongSignature }
    }

    private func reject(_ rejection: GuardRejection, _ info: PacketInfo, _ listener: Listener) {
        rejected[rejection.counter, default: 0] += 1
        let interface = listener.socket.interface
        let kind = Complaint(counter: rejection.counter, interface: interface.index)
        guard let heldBack = complaints.admit(kind, now: loop.now) else { return }
        let text = "dropped a guard message from \(info.source) on \(interface.name): \(rejection)"
        if !rejection.isOrdinary { complaints.remember(text, of: kind) }
        logger.log(level: rejection.isOrdinary ? .debug : .warning, "\(text)\(suffix(heldBack: heldBack))")
    }

    /// The nodes that were heard for an instance, in the order in which they were met.
    func peers(of id: InstanceID) -> [GuardPeerStatus] {
        guard let endpoint = endpoints[id] else { return [] }
        return endpoint.peers.peers.map { peer in
            GuardPeerStatus(
                node: peer.node, primaryAddress: peer.last.primaryAddress, identity: peer.last.identity,
                state: peer.last.state, priority: peer.last.priority, flags: peer.last.flags,
                paths: zip(endpoint.plan.paths, peer.paths).map { path, heard in
                    GuardPeerStatus.Path(
                        interface: path.name, address: heard.address, heardAgo: heard.heardAt.map { now - $0 })
                })
        }
    }
}

extension GuardChannel.Listener {
    /// The addresses come first: a node that means the same addresses under another number is found, and both are told.
    fileprivate func member(for identity: GuardIdentity, from source: IPAddress) -> GuardChannel.Member? {
        if let members = byDigest[identity.addressDigest] { return members.nearest(to: source) }
        return byRouter[GuardChannel.router(identity)]?.nearest(to: source)
    }
}

extension [GuardChannel.Member] {
    /// Instances with one number differ in their configured peers.
    fileprivate func nearest(to source: IPAddress) -> GuardChannel.Member? {
        guard count > 1 else { return first }
        return first { $0.endpoint.plan.peers.contains(source) } ?? first
    }
}

/// A node on the guard channel as the operator sees it.
struct GuardPeerStatus: Hashable {
    struct Path: Hashable {
        var interface: String
        /// nil: never heard here.
        var address: IPAddress?
        var heardAgo: Duration?
    }

    var node: UInt64
    var primaryAddress: IPAddress?
    /// Its virtual router ID may be another one.
    var identity: GuardIdentity
    var state: GuardMessage.State
    var priority: UInt8
    var flags: GuardMessage.Flags
    /// The first is the interface of the virtual router.
    var paths: [Path]
}

extension GuardChannel {
    func tellHeldBack(now: Int64, atEnd: Bool) -> [String] { complaints.tellHeldBack(now: now, atEnd: atEnd) }
}
