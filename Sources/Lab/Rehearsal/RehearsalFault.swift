/// What a rehearsal does to the nodes, and how it makes it good again.

package enum RehearsalFault: String, Hashable, Sendable, CaseIterable {
    /// The master's daemon is stopped as an operator does it.
    case stop
    /// The master's daemon is killed with SIGKILL.
    case kill
    /// The master's daemon stands still, as a starved machine does.
    case freeze
    /// The service beside the master's daemon is killed.
    case service
    /// The master's cable is pulled.
    case link
    /// A backup's firewall drops the adverts.
    case firewall
    /// The nodes cannot reach each other; the clients reach all of them.
    case partition

    /// What is done, for the report. `master` and `backup` are names of nodes.
    func sentence(_ master: String, _ backup: String) -> String {
        switch self {
        case .stop: "stop the daemon on \(master)"
        case .kill: "kill -9 the daemon on \(master)"
        case .freeze: "freeze the daemon on \(master)"
        case .service: "kill the service on \(master)"
        case .link: "pull \(master)'s cable"
        case .firewall: "\(backup)'s firewall drops adverts"
        case .partition: "the nodes lose each other"
        }
    }

    /// Two nodes that cannot reach each other both serve: no pair can avoid that without a third party.
    var mayHaveTwoHolders: Bool { self == .partition }
}

/// What one fault did to the clients.
package struct RehearsalOutcome: Hashable, Sendable {
    package var fault: RehearsalFault
    package var sentence: String
    /// The longest time for which a client of any address got no answer.
    package var silence: Duration
    /// How long two nodes would have served one address, for the address where that was longest.
    package var servedTwice: Duration
    /// How often an address went to a node.
    package var moves: Int
    /// Who has the first address afterwards; nil: the nodes did not come to rest.
    package var holder: String?
    /// What the daemons warned of, each with its node's name.
    package var warnings: [String]

    /// A dead node's address may outlive it by half a second at most, and only for a moment.
    package static let allowedTwice = Duration.milliseconds(500)

    package var isGood: Bool {
        holder != nil && (fault.mayHaveTwoHolders || servedTwice <= Self.allowedTwice)
    }
}
