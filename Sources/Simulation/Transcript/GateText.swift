/// Gates in a transcript: "gate lock timeout 500ms" as an option of an instance, "gate a lock lock 5s" as an action.
import VRRPCore

extension GateConfig {
    /// "NAME timeout 500ms on_timeout allow on_error allow"
    static func read(_ words: inout Words) throws(ActionError) -> GateConfig {
        var gate = GateConfig(name: try words.next("the gate's name"))
        while true {
            if words.take("timeout") {
                gate.timeout = try words.span()
            } else if words.take("on_timeout") {
                gate.onTimeout = try readDefault(&words)
            } else if words.take("on_error") {
                gate.onError = try readDefault(&words)
            } else {
                return gate
            }
        }
    }

    private static func readDefault(_ words: inout Words) throws(ActionError) -> GateDefault {
        let word = try words.next("deny or allow")
        guard word == "deny" || word == "allow" else { throw ActionError(sentence: "\(word) is not deny or allow") }
        return word == "deny" ? .deny : .allow
    }

    var transcript: String {
        "gate \(name) timeout \(timeout.transcript)" + (onTimeout == .allow ? " on_timeout allow" : "")
            + (onError == .allow ? " on_error allow" : "")
    }
}

extension GateBehaviour {
    /// "allow", "allow lease 5s", "deny REASON", "fail REASON", "silent" or "lock 5s", each with "after 200ms".
    static func read(_ words: inout Words) throws(ActionError) -> GateBehaviour {
        let word = try words.next("allow, deny, fail, silent or lock")
        let conduct: GateConduct
        switch word {
        case "allow": conduct = .allow(lease: words.take("lease") ? try words.span() : nil)
        case "deny": conduct = .deny(try words.next("a reason"))
        case "fail": conduct = .fail(try words.next("a reason"))
        case "silent": conduct = .silent
        case "lock": conduct = .lock(lease: try words.span())
        default: throw ActionError(sentence: "\(word) is not allow, deny, fail, silent or lock")
        }
        return GateBehaviour(conduct, after: words.take("after") ? try words.span() : .zero)
    }

    var transcript: String {
        let text =
            switch conduct {
            case .allow(nil): "allow"
            case .allow(let lease?): "allow lease \(lease.transcript)"
            case .deny(let reason): "deny \"\(reason)\""
            case .fail(let reason): "fail \"\(reason)\""
            case .silent: "silent"
            case .lock(let lease): "lock \(lease.transcript)"
            }
        return after == .zero ? text : "\(text) after \(after.transcript)"
    }
}
