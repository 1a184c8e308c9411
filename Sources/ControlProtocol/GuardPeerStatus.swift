/// Another node as the guard channel knows it, in the report of `halua status`.

package struct GuardPeerStatus: Hashable, Sendable {
    package struct Path: Hashable, Sendable {
        package var interface: String
        /// Milliseconds since its last message here; nil: there was none.
        package var heardMs: Int?

        package init(interface: String, heardMs: Int?) {
            self.interface = interface
            self.heardMs = heardMs
        }
    }

    /// Where its adverts come from, or would.
    package var address: String
    package var state: String
    package var priority: Int
    package var paths: [Path]

    package init(address: String, state: String, priority: Int, paths: [Path]) {
        self.address = address
        self.state = state
        self.priority = priority
        self.paths = paths
    }
}

extension GuardPeerStatus {
    package var json: JSONValue {
        [
            "address": .string(address), "state": .string(state), "priority": .integer(priority),
            "paths": .array(
                paths.map {
                    ["interface": .string($0.interface), "heard_ms": $0.heardMs.map { .integer($0) } ?? .null]
                }),
        ]
    }

    package init(json: JSONValue) throws(JSONError) {
        var paths: [Path] = []
        for path in json["paths"]?.array ?? [] {
            paths.append(
                Path(interface: try path.requiredString("interface"), heardMs: path["heard_ms"]?.integer))
        }
        self.init(
            address: try json.requiredString("address"), state: try json.requiredString("state"),
            priority: try json.requiredInteger("priority"), paths: paths)
    }
}
