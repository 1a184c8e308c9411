/// A check with rise and fall, counted exactly as keepalived counts a track script.

/// What a check currently says.
package enum CheckState: Hashable, Sendable {
    /// It has not answered yet.
    case unknown
    case up
    case down
}
