/// Actions as lines of a transcript: read and written, so that a failed random run can be kept as a scenario.
import VRRPCore

extension Action {
    /// The action of a line whose first word was `verb`; nil when that is not an action.
    static func read(_ verb: String, _ words: inout Words, in world: World) throws(ActionError) -> Action? {
        if let action = try ProcessAction.read(verb, &words) { return .process(action.1, of: action.0) }
        if let action = try HostAction.read(verb, &words) { return .host(action.1, of: action.0) }
        if let action = try SegmentAction.read(verb, &words) {
            return .segment(action.0, on: action.1)
        }
        if let action = try StrangerAction.read(verb, &words) { return .stranger(action.1, of: action.0) }
        if let action = try InstanceAction.read(verb, &words, in: world) { return .instance(action.1, of: action.0) }
        return nil
    }

    package var transcript: String {
        switch self {
        case .process(let action, let node): action.transcript(node)
        case .host(let action, let node): action.transcript(node)
        case .segment(let action, let segment):
            action.transcript + (segment == .heartbeat ? " on heartbeat" : "")
        case .stranger(let action, let name): action.transcript(name)
        case .instance(let action, let target): action.transcript(target)
        }
    }
}

extension ProcessAction {
    fileprivate static func read(_ verb: String, _ words: inout Words) throws(ActionError) -> (String, Self)? {
        switch verb {
        case "start": (try words.next("a node"), .start)
        case "stop": (try words.next("a node"), .stop)
        case "kill": (try words.next("a node"), .kill)
        case "pause": (try words.next("a node"), .pause)
        case "resume": (try words.next("a node"), .resume)
        case "stall": (try words.next("a node"), .stall(try words.span()))
        case "latency": (try words.next("a node"), .latency(try words.span()))
        case "script-dies": (try words.next("a node"), .scriptDies)
        case "script-returns": (try words.next("a node"), .scriptReturns)
        default: nil
        }
    }

    fileprivate func transcript(_ node: String) -> String {
        switch self {
        case .start: "start \(node)"
        case .stop: "stop \(node)"
        case .kill: "kill \(node)"
        case .pause: "pause \(node)"
        case .resume: "resume \(node)"
        case .stall(let span): "stall \(node) \(span.transcript)"
        case .latency(let span): "latency \(node) \(span.transcript)"
        case .scriptDies: "script-dies \(node)"
        case .scriptReturns: "script-returns \(node)"
        }
    }
}

extension HostAction {
    fileprivate static func read(_ verb: String, _ words: inout Words) throws(ActionError) -> (String, Self)? {
        switch verb {
        case "crash": return (try words.next("a node"), .crash)
        case "link":
            let node = try words.next("a node")
            let word = try words.next("up or down")
            guard word == "up" || word == "down" else { throw ActionError(sentence: "\(word) is not up or down") }
            return (node, .link(isUp: word == "up"))
        case "mute": return (try words.next("a node"), .mute(try words.next("a reason")))
        case "unmute": return (try words.next("a node"), .mute(nil))
        case "refuse": return (try words.next("a node"), .refuse(try words.next("a reason")))
        case "unrefuse": return (try words.next("a node"), .refuse(nil))
        case "firewall": return (try words.next("a node"), .firewall(try readFirewall(&words)))
        case "slow-release": return (try words.next("a node"), .slowRelease(try words.span()))
        case "clock":
            return (try words.next("a node"), .clock(partsPerMillion: Int64(try words.integer("parts per million"))))
        default: return nil
        }
    }

    private static func readFirewall(_ words: inout Words) throws(ActionError) -> Firewall {
        let word = try words.next("on, everything or off")
        switch word {
        case "on": return .adverts
        case "everything": return .everything
        case "off": return .open
        default: throw ActionError(sentence: "\(word) is not on, everything or off")
        }
    }

    fileprivate func transcript(_ node: String) -> String {
        switch self {
        case .crash: "crash \(node)"
        case .link(let isUp): "link \(node) \(isUp ? "up" : "down")"
        case .mute(let reason): reason.map { "mute \(node) \"\($0)\"" } ?? "unmute \(node)"
        case .refuse(let reason): reason.map { "refuse \(node) \"\($0)\"" } ?? "unrefuse \(node)"
        case .firewall(let firewall):
            switch firewall {
            case .open: "firewall \(node) off"
            case .adverts: "firewall \(node) on"
            case .everything: "firewall \(node) everything"
            }
        case .slowRelease(let span): "slow-release \(node) \(span.transcript)"
        case .clock(let partsPerMillion): "clock \(node) \(partsPerMillion)"
        }
    }
}

extension SegmentAction {
    fileprivate static func read(
        _ verb: String, _ words: inout Words
    ) throws(ActionError) -> (Self, Segment)? {
        if verb == "heal" { return (.heal, try readSegment(&words)) }
        if verb == "partition" {
            let groups = try readGroups(&words)
            return (.partition(groups), try readSegment(&words))
        }
        guard
            ["drop", "pass", "drop-multicast", "pass-multicast", "loss", "duplicate", "reorder", "delay"].contains(verb)
        else { return nil }
        let from = try words.next("the sender")
        let to = try words.next("the receiver")
        let fault: LinkFault
        switch verb {
        case "drop": fault = .cut(true)
        case "pass": fault = .cut(false)
        case "drop-multicast": fault = .multicastDropped(true)
        case "pass-multicast": fault = .multicastDropped(false)
        case "loss": fault = .loss(try words.chance())
        case "duplicate": fault = .duplication(try words.chance())
        case "reorder": fault = .reordering(try words.chance())
        default: fault = .delay(try words.span(), jitter: words.take("jitter") ? try words.span() : .zero)
        }
        return (.link(from: from, to: to, fault), try readSegment(&words))
    }

    /// "on heartbeat" at the end of the line.
    private static func readSegment(_ words: inout Words) throws(ActionError) -> Segment {
        guard words.take("on") else { return .service }
        guard words.take("heartbeat") else { throw ActionError(sentence: "only \"on heartbeat\" may follow") }
        return .heartbeat
    }

    /// "a c | b": names of one group, a bar, names of the next.
    private static func readGroups(_ words: inout Words) throws(ActionError) -> [[String]] {
        var groups: [[String]] = []
        while !words.isAtEnd, words.peek != "on" {
            if words.take("|") {
                groups.append([])
            } else {
                if groups.isEmpty { groups.append([]) }
                groups[groups.count - 1].append(try words.next("a station"))
            }
        }
        return groups
    }

    fileprivate var transcript: String {
        switch self {
        case .heal: "heal"
        case .partition(let groups):
            "partition" + groups.map { $0.map { " " + $0 }.joined() }.joined(separator: " |")
        case .link(let from, let to, let fault):
            switch fault {
            case .cut(let isCut): "\(isCut ? "drop" : "pass") \(from) \(to)"
            case .multicastDropped(let isDropped): "\(isDropped ? "drop" : "pass")-multicast \(from) \(to)"
            case .loss(let chance): "loss \(from) \(to) \(percentage(chance))"
            case .duplication(let chance): "duplicate \(from) \(to) \(percentage(chance))"
            case .reordering(let chance): "reorder \(from) \(to) \(percentage(chance))"
            case .delay(let delay, let jitter): "delay \(from) \(to) \(delay.transcript) jitter \(jitter.transcript)"
            }
        }
    }
}

extension InstanceAction {
    fileprivate static func read(
        _ verb: String, _ words: inout Words, in world: World
    ) throws(ActionError) -> (Target, Self)? {
        guard ["check", "adjust", "demote", "undemote", "gate", "extend", "reload", "steal"].contains(verb) else {
            return nil
        }
        let target = try words.target()
        switch verb {
        case "check":
            return (target, .check(name: try words.next("the check's name"), try readOutcome(&words)))
        case "adjust":
            let key = try words.next("a key")
            let delta = try words.integer("a difference")
            return (target, .adjust(key: key, delta: delta, reason: try words.next("a reason")))
        case "demote":
            return (target, .demote(key: try words.next("a key"), reason: try words.next("a reason")))
        case "undemote":
            return (target, .undemote(key: try words.next("a key"), reason: try words.next("a reason")))
        case "gate":
            return (target, .gate(name: try words.next("the gate's name"), try GateBehaviour.read(&words)))
        case "extend":
            return (target, .extend(gate: try words.next("the gate's name"), try words.span()))
        case "reload":
            let (node, instance) = try world.find(target)
            var config = node.instances[instance.index]
            while !words.isAtEnd { try config.readOption(&words) }
            return (target, .reload(config))
        default:
            return (target, .steal)
        }
    }

    private static func readOutcome(_ words: inout Words) throws(ActionError) -> CheckOutcome {
        let word = try words.next("pass, fail or broken")
        switch word {
        case "pass": return .passed
        case "fail": return .failed(try words.next("a reason"))
        case "broken": return .broken(try words.next("a reason"))
        default: throw ActionError(sentence: "\(word) is not pass, fail or broken")
        }
    }

    fileprivate func transcript(_ target: Target) -> String {
        switch self {
        case .check(let name, .passed): "check \(target) \(name) pass"
        case .check(let name, .failed(let reason)): "check \(target) \(name) fail \"\(reason)\""
        case .check(let name, .broken(let reason)): "check \(target) \(name) broken \"\(reason)\""
        case .adjust(let key, let delta, let reason): "adjust \(target) \(key) \(delta) \"\(reason)\""
        case .demote(let key, let reason): "demote \(target) \(key) \"\(reason)\""
        case .undemote(let key, let reason): "undemote \(target) \(key) \"\(reason)\""
        case .gate(let name, let behaviour): "gate \(target) \(name) \(behaviour.transcript)"
        case .extend(let gate, let span): "extend \(target) \(gate) \(span.transcript)"
        case .reload(let config):
            "reload \(target) \(config.gates.isEmpty ? "" : "no_gates ")\(config.transcriptOptions)"
        case .steal: "steal \(target)"
        }
    }
}
