/// Who may ask what on the control socket: decided anew for each request, from what the kernel says of the other end.
import ControlProtocol
import Glibc
import LinuxIO

/// Root, and whoever runs the daemon, may do everything; the members of one group may read; nobody else may anything.
struct ControlAccess: Hashable, Sendable {
    enum Permission: Hashable, Sendable {
        case everything
        case reading
        case nothing
    }

    /// The user that the daemon runs as.
    var owner: uid_t
    /// Whose members may read; nil: nobody's.
    var group: gid_t?
    /// The group's name, for messages; empty without one.
    var groupName: String

    func permission(of credentials: PeerCredentials, groups: [gid_t]) -> Permission {
        if credentials.user == 0 || credentials.user == owner { return .everything }
        guard let group, credentials.group == group || groups.contains(group) else { return .nothing }
        return .reading
    }

    /// Why a request is refused; nil: it is allowed.
    func refusal(of request: ControlRequest, by permission: Permission) -> String? {
        switch permission {
        case .everything: nil
        case .reading where request.onlyLooks: nil
        case .reading:
            "\(request.name) is for root: the control group \(groupName) may ask for status and metrics"
        case .nothing: "only root may ask this daemon" + (group == nil ? "" : ", and the control group \(groupName)")
        }
    }
}

/// The other end of one connection.
struct ControlCaller: Hashable, Sendable {
    var credentials: PeerCredentials
    var permission: ControlAccess.Permission
}

extension PeerCredentials {
    /// "uid 1000, pid 4711"
    var words: String { "uid \(user), pid \(process)" }
}
