/// The states of a virtual router.

/// RFC 9568 §6.4 calls them Initialize, Backup and Active; halua says MASTER, as keepalived and RFC 5798 do.
package enum State: UInt8, Hashable, Sendable, CaseIterable {
    /// Not started, or stopped. Nothing is armed, nothing is held.
    case initialize
    /// Listening. Holds no address and sends nothing (S-06 … S-09).
    case backup
    /// Holds the virtual addresses and advertises (S-10 … S-14).
    case master
    /// Something this node needs is broken; it must not be master until that is mended (S-16).
    case fault

    /// The word of keepalived's logs, FIFOs and scripts.
    package var name: String {
        switch self {
        case .initialize: "INIT"
        case .backup: "BACKUP"
        case .master: "MASTER"
        case .fault: "FAULT"
        }
    }
}
