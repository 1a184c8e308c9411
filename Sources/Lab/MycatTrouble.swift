/// The ways in which the stand-in for Mycat can fail while its process lives, as real ones were seen to.

package enum MycatTrouble: String, Hashable, Sendable, CaseIterable {
    case none
    /// Pauses of 1.8 s every five seconds, in which nothing happens at all: garbage collection of a healthy JVM.
    case pauses
    /// No thread runs any more, and nothing is computed: a JVM that waits for ever to reach a safepoint.
    case hangs
    /// Accepts and greets nobody: its reactors are stuck.
    case reactorsStuck
    /// As `reactorsStuck` for every second connection: one of two reactors.
    case oneReactorStuck
    /// Nobody accepts at the SQL port; the manager's port is well.
    case acceptorStuck
    /// As `acceptorStuck` for both ports, and the queue of the SQL port is full: the kernel accepts nobody either.
    case backlogFull
    /// Computes and answers nobody: the collector finds nothing to free.
    case heapFull
    /// Every file descriptor is open, so nothing can be accepted.
    case descriptorsGone
    /// Accepts and closes: the pool of network buffers has run out.
    case buffersGone
    /// Another server greets at the SQL port.
    case foreign
    /// The manager's port says nothing; the SQL port is well.
    case managerStuck
    /// Answers PING and no statement at either port: the pool of threads that runs them is stuck.
    case poolStuck
    /// The timers are dead: the clock and the heartbeats stand still.
    case timersDead
    /// Statements through the schema are never answered, everything else is.
    case statementsHang
    /// Statements through the schema are errors.
    case statementsFail
    /// `offline` was said at the manager.
    case offline
    /// Logins are refused: the password is wrong.
    case wrongPassword
    /// Logins with a schema are refused: there is none of that name.
    case wrongSchema
    /// Logins are refused: the user has all the connections that he may have.
    case overloaded
    /// Just started: the ports are open, but no backend has been checked and no statement works.
    case starting

    /// What a login gets for an answer, if not yes.
    func refusal(hasSchema: Bool) -> (number: UInt16, text: String)? {
        if self == .wrongPassword { return (1_045, "Access denied for user 'root', because password is error ") }
        if self == .overloaded { return (1_045, "Access denied for user 'root', because service be degraded ") }
        if self == .wrongSchema && hasSchema { return (1_049, "Unknown database 'TESTDB'") }
        return nil
    }

    /// What a statement through the schema gets for an answer, if not a row.
    var statementError: (number: UInt16, text: String)? {
        self == .starting || self == .statementsFail ? (1_064, "java.lang.NullPointerException") : nil
    }
}
