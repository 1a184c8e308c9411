/// Why an experiment could not be made, or did not show what it should have shown.
import LinuxIO

/// One sentence for the person at the terminal.
package struct LabError: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}

/// Runs what may fail in a system call, and says the failure as a `LabError`.
@discardableResult
func explained<Value>(_ body: () throws(IOFailure) -> Value) throws(LabError) -> Value {
    do {
        return try body()
    } catch {
        throw LabError("\(error)")
    }
}
