/// A check with rise and fall, counted exactly as keepalived counts a track script.

/// What a check currently says.
package enum CheckState: Hashable, Sendable {
    /// It has not answered yet.
    case unknown
    case up
    case down
}

/// One check of one instance.
///
/// `result` runs from 0 to rise + fall − 1: below `rise` the check is down. It begins at rise − 1, so that the first
/// success brings it up, and while it is unknown the first failure brings it down. While up, a success goes back to the
/// top; while down, a failure goes back to 0: both `rise` and `fall` count results in a row.
package struct TrackedCheck: Hashable, Sendable {
    package private(set) var config: CheckConfig
    package private(set) var state: CheckState
    /// The reason of the last failure, in the words of the check.
    package private(set) var reason = ""
    /// Why the check itself cannot run (a bug in its script); its state stays what it was.
    package private(set) var defect: String?
    private var result: Int

    /// What an outcome changed.
    package enum Change: Hashable, Sendable {
        case nothing
        case state
        /// The check began or ceased to be broken.
        case defect
        case stateAndDefect
    }

    package init(_ config: CheckConfig) {
        precondition(config.rise >= 1 && config.fall >= 1, "rise and fall of a check are at least 1.")
        self.config = config
        // init_fail: down, and not one success short of being up.
        state = config.startsFailed ? .down : .unknown
        result = config.startsFailed ? 0 : config.rise - 1
    }

    @discardableResult
    package mutating func record(_ outcome: CheckOutcome) -> Change {
        let formerState = state
        let formerDefect = defect
        switch outcome {
        case .passed:
            defect = nil
            pass()
        case .failed(let why):
            defect = nil
            reason = why
            fail()
        case .broken(let why):
            defect = why
        }
        switch (state != formerState, (defect == nil) != (formerDefect == nil)) {
        case (false, false): return .nothing
        case (true, false): return .state
        case (false, true): return .defect
        case (true, true): return .stateAndDefect
        }
    }

    /// What this check adds to the priority now. An unknown check neither adds nor takes.
    package var contribution: Int {
        let sign = config.isReversed ? -1 : 1
        switch state {
        case .unknown: return 0
        case .up: return config.weight > 0 ? sign * config.weight : 0
        case .down: return config.weight < 0 ? sign * config.weight : 0
        }
    }

    /// A check without weight that is down (reversed: up) holds FAULT.
    package var isFault: Bool {
        config.weight == 0 && state == (config.isReversed ? .up : .down)
    }

    /// A check without weight keeps the instance from starting until it has answered. A check that is broken from the
    /// start does not: both nodes carry the same script, and one typo would take the service down on both.
    package var isAwaited: Bool { config.weight == 0 && state == .unknown && defect == nil }

    /// Takes a new configuration and keeps what was learned (S-20).
    package mutating func adopt(_ new: CheckConfig) {
        let isCountUnchanged = new.rise == config.rise && new.fall == config.fall
        config = new
        guard !isCountUnchanged else { return }
        switch state {
        case .unknown: result = new.rise - 1
        case .up: result = new.rise + new.fall - 1
        case .down: result = 0
        }
    }

    private mutating func pass() {
        if result < config.rise - 1 {
            result += 1
        } else {
            result = config.rise + config.fall - 1
            state = .up
        }
    }

    private mutating func fail() {
        if result > config.rise {
            result -= 1
        } else {
            result = 0
            state = .down
        }
    }
}
