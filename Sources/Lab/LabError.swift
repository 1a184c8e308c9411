/// Why an experiment could not be made, or did not show what it should have shown.

/// One sentence for the person at the terminal.
package struct LabError: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}
