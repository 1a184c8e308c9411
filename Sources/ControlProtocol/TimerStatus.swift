/// What an instance waits for, in the report of `halua status`.

package struct TimerStatus: Hashable, Sendable {
    /// "advert", "master_down", "preempt_delay", "startup_delay", "send_retry", "gate", "lease".
    package var name: String
    /// Milliseconds until it is due.
    package var dueMs: Int

    package init(_ name: String, dueMs: Int) {
        self.name = name
        self.dueMs = dueMs
    }
}

extension TimerStatus {
    var json: JSONValue { ["name": .string(name), "due_ms": .integer(dueMs)] }

    init(json: JSONValue) throws(JSONError) {
        self.init(try json.requiredString("name"), dueMs: try json.requiredInteger("due_ms"))
    }
}
