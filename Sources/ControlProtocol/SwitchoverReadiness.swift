/// Whether an instance may be handed over now: looked at before anything is given up.

extension InstanceStatus {
    /// Whether this node could hand the instance over, and somebody would take it.
    ///
    /// Returns nil when it can, else the sentence that says what speaks against it. A node in BACKUP is silent in VRRP; only
    /// the guard channel tells that it is there and well, so a pair with keepalived needs `isForced`.
    package func objectionToSwitchover(isForced: Bool) -> String? {
        guard state == "MASTER" else {
            let elsewhere =
                if let master, state == "BACKUP" {
                    ": \(master.address) is master, so hand it over there"
                } else {
                    ", so there is nothing to hand over"
                }
            return "\(name) is \(state) here\(elsewhere)"
        }
        guard holdsAddresses else {
            return "\(name) has only just become MASTER: the kernel has not set its addresses yet"
        }
        if isForced { return nil }
        let limit = masterDownIntervalMs
        let heard = guardPeers.filter { peer in
            peer.paths.contains { path in path.heardMs.map { $0 <= limit } ?? false }
        }
        if heard.contains(where: { $0.state == "BACKUP" }) { return nil }
        if let peer = heard.first {
            let others = heard.count == 1 ? "" : ", and no other node is in BACKUP either"
            return "\(peer.address) is \(peer.state) and would not take \(name) over\(others)"
        }
        if let peer = guardPeers.first {
            return
                "\(peer.address) has not been heard for \(span(limit)), and no other node is there to take \(name) over"
        }
        return isGuarded
            ? "no other node is heard on the guard channel; a keepalived in BACKUP is silent, so add --force if one is there"
            : "the guard is off, and a node in BACKUP is silent without it, so add --force if one is there"
    }
}
