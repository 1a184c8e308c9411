/// A check with rise and fall, counted exactly as keepalived counts a track script.

/// What a check currently says.
package enum CheckState: Hashable, Sendable {
    /// It has not answered yet.
    case unknown
    case up
    case down
}

/// One check of one instance and how it counts.
package struct TrackedCheck: Hashable, Sendable {
    package var config: CheckConfig
    package private(set) var state: CheckState = .unknown

    package init(_ config: CheckConfig) { self.config = config }
}
