/// The orders of operators to and from JSON. Members are added, never renamed.

extension DemotionOrder {
    var members: [JSONValue.Member] {
        [
            .init("instance", .string(instance)), .init("for_ms", forMs.map { .integer($0) } ?? .null),
            .init("reason", .string(reason)), .init("by", .string(by)),
        ]
    }

    init(json: JSONValue) throws(JSONError) {
        self.init(
            instance: try json.requiredString("instance"), forMs: try json.optionalSpan("for_ms"),
            reason: json.plainText("reason"), by: json.plainText("by"))
    }
}

extension RestoreOrder {
    var members: [JSONValue.Member] { [.init("instance", .string(instance)), .init("by", .string(by))] }

    init(json: JSONValue) throws(JSONError) {
        self.init(instance: try json.requiredString("instance"), by: json.plainText("by"))
    }
}

extension SwitchoverOrder {
    var members: [JSONValue.Member] {
        [
            .init("instance", .string(instance)), .init("force", .boolean(isForced)),
            .init("for_ms", forMs.map { .integer($0) } ?? .null), .init("by", .string(by)),
        ]
    }

    init(json: JSONValue) throws(JSONError) {
        self.init(
            instance: try json.requiredString("instance"), isForced: json["force"]?.boolean ?? false,
            forMs: try json.optionalSpan("for_ms"), by: json.plainText("by"))
    }
}

extension OrderResult {
    var json: JSONValue { ["done": .boolean(isDone), "text": .string(text)] }

    init(json: JSONValue) throws(JSONError) {
        guard let isDone = json["done"]?.boolean else {
            throw JSONError("the member \"done\" is missing or no boolean")
        }
        self.init(isDone: isDone, text: try json.requiredString("text"))
    }
}

extension OperatorStatus {
    var json: JSONValue {
        [
            "kind": .string(kind.rawValue), "by": .string(by), "uid": .integer(user), "reason": .string(reason),
            "since_ms": .integer(sinceMs), "remaining_ms": remainingMs.map { .integer($0) } ?? .null,
        ]
    }

    init(json: JSONValue) throws(JSONError) {
        let word = try json.requiredString("kind")
        guard let kind = Kind(rawValue: word) else { throw JSONError("unknown request of an operator \"\(word)\"") }
        self.init(
            kind: kind, by: try json.requiredString("by"), user: try json.requiredInteger("uid"),
            reason: json["reason"]?.string ?? "", sinceMs: try json.requiredInteger("since_ms"),
            remainingMs: json["remaining_ms"]?.integer)
    }
}

extension SwitchoverReport {
    package var json: JSONValue {
        let parts = parts.map { part -> JSONValue in
            [
                "name": .string(part.name), "master": JSONValue(part.master),
                "priority": part.priority.map { .integer($0) } ?? .null,
                "gap_us": part.gapUs.map { .integer($0) } ?? .null,
            ]
        }
        return [
            "done": .boolean(isDone), "instances": .array(parts), "remarks": .array(remarks.map { .string($0) }),
        ]
    }

    init(json: JSONValue) throws(JSONError) {
        guard let isDone = json["done"]?.boolean else {
            throw JSONError("the member \"done\" is missing or no boolean")
        }
        var parts: [Part] = []
        for part in json["instances"]?.array ?? [] {
            parts.append(
                Part(
                    name: try part.requiredString("name"), master: part["master"]?.string,
                    priority: part["priority"]?.integer, gapUs: part["gap_us"]?.integer))
        }
        self.init(isDone: isDone, parts: parts, remarks: json.strings("remarks"))
    }
}

extension JSONValue {
    /// The longest time that an order may last: a year.
    private static let longestSpanMs = 366 * 86_400_000
    /// Longer texts are cut: they go into logs and onto terminals.
    private static let longestText = 200

    fileprivate func optionalSpan(_ key: String) throws(JSONError) -> Int? {
        guard let value = self[key], value != .null else { return nil }
        guard let number = value.integer, (1...Self.longestSpanMs).contains(number) else {
            throw JSONError("the member \"\(key)\" is to be 1 to \(Self.longestSpanMs) milliseconds")
        }
        return number
    }

    /// One line without control characters, which could play tricks on a terminal.
    fileprivate func plainText(_ key: String) -> String {
        let scalars = (self[key]?.string ?? "").unicodeScalars.filter { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: false
            default: true
            }
        }
        return String(String.UnicodeScalarView(scalars.prefix(Self.longestText)))
    }
}
