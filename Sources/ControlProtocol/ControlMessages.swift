/// The control socket's language: one JSON document a line, a request up and an answer down.
///
/// halua-control(7) documents it for other programs: members are added, never renamed, and never change their meaning
/// while the version stays.

/// What halua's tool and the daemon must agree on. A daemon refuses a request of another number and says both.
package let controlProtocolVersion = 1

/// Where the daemon listens unless it is told otherwise. Root may ask for everything, the members of one group may look.
package let defaultControlSocketPath = "/run/halua/control.sock"

/// The longest request line the daemon reads; a longer one is answered with an error and the connection ends.
package let longestRequestLine = 64 * 1024

package enum ControlRequest: Hashable, Sendable {
    /// Everything the daemon knows: answered with a `StatusReport`.
    case status
    /// What is counted, as Prometheus text.
    case metrics
    /// The state in the form of keepalived's JSON dump, for programs that read that.
    case keepalivedDump
    /// Read the configuration again; answered when the outcome is known.
    case reload
    /// Ask on the wire who has the addresses, and listen for a while; answered with a `DoctorReport`.
    case doctor
    /// Give an instance up and keep it away from its addresses; answered with an `OrderResult`.
    case demote(DemotionOrder)
    /// Take back what operators have asked of an instance; answered with an `OrderResult`.
    case restore(RestoreOrder)
    /// Hand an instance over to another node; answered with a `SwitchoverReport` when the other one serves, or does not.
    case switchover(SwitchoverOrder)

    package var name: String {
        switch self {
        case .status: "status"
        case .metrics: "metrics"
        case .keepalivedDump: "keepalived_dump"
        case .reload: "reload"
        case .doctor: "doctor"
        case .demote: "demote"
        case .restore: "restore"
        case .switchover: "switchover"
        }
    }

    /// Reads what the daemon knows and makes it do nothing: for the control group, too.
    package var onlyLooks: Bool {
        switch self {
        case .status, .metrics, .keepalivedDump: true
        case .reload, .doctor, .demote, .restore, .switchover: false
        }
    }

    package var json: JSONValue {
        let head: [JSONValue.Member] = [
            .init("version", .integer(controlProtocolVersion)), .init("request", .string(name)),
        ]
        return switch self {
        case .status, .metrics, .keepalivedDump, .reload, .doctor: .object(head)
        case .demote(let order): .object(head + order.members)
        case .restore(let order): .object(head + order.members)
        case .switchover(let order): .object(head + order.members)
        }
    }

    package init(json: JSONValue) throws(JSONError) {
        guard json["version"]?.integer == controlProtocolVersion else {
            let theirs = json["version"]?.integer.map { "\($0)" } ?? "none"
            throw JSONError(
                "this daemon speaks version \(controlProtocolVersion) of the control protocol, the request gives \(theirs)"
            )
        }
        switch json["request"]?.string {
        case "status": self = .status
        case "metrics": self = .metrics
        case "keepalived_dump": self = .keepalivedDump
        case "reload": self = .reload
        case "doctor": self = .doctor
        case "demote": self = .demote(try DemotionOrder(json: json))
        case "restore": self = .restore(try RestoreOrder(json: json))
        case "switchover": self = .switchover(try SwitchoverOrder(json: json))
        case let other: throw JSONError("unknown request \(other.map { "\"\($0)\"" } ?? "(none)")")
        }
    }
}

package enum ControlAnswer: Hashable, Sendable {
    case status(StatusReport)
    case metrics(String)
    case keepalivedDump(JSONValue)
    /// The reload was taken, with what it changed, or refused with every reason; the text is for people.
    case reload(accepted: Bool, text: String)
    case doctor(DoctorReport)
    /// What became of a demotion or of its end.
    case order(OrderResult)
    case switchover(SwitchoverReport)
    case error(String)

    package var json: JSONValue {
        let version = JSONValue.Member("version", .integer(controlProtocolVersion))
        switch self {
        case .status(let report): return .object([version, .init("status", report.json)])
        case .metrics(let text): return .object([version, .init("metrics", .string(text))])
        case .keepalivedDump(let dump): return .object([version, .init("keepalived_dump", dump)])
        case .reload(let accepted, let text):
            return .object([version, .init("reload", ["accepted": .boolean(accepted), "text": .string(text)])])
        case .doctor(let report): return .object([version, .init("doctor", report.json)])
        case .order(let result): return .object([version, .init("order", result.json)])
        case .switchover(let report): return .object([version, .init("switchover", report.json)])
        case .error(let sentence): return .object([version, .init("error", .string(sentence))])
        }
    }

    package init(json: JSONValue) throws(JSONError) {
        if let sentence = json["error"]?.string {
            self = .error(sentence)
        } else if let report = json["status"] {
            self = .status(try StatusReport(json: report))
        } else if let text = json["metrics"]?.string {
            self = .metrics(text)
        } else if let dump = json["keepalived_dump"] {
            self = .keepalivedDump(dump)
        } else if let reload = json["reload"], let accepted = reload["accepted"]?.boolean {
            self = .reload(accepted: accepted, text: reload["text"]?.string ?? "")
        } else if let report = json["doctor"] {
            self = .doctor(try DoctorReport(json: report))
        } else if let result = json["order"] {
            self = .order(try OrderResult(json: result))
        } else if let report = json["switchover"] {
            self = .switchover(try SwitchoverReport(json: report))
        } else {
            throw JSONError("the daemon's answer is none that this tool knows: they may be of different versions")
        }
    }
}
