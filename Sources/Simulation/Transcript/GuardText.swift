/// The guard's options and the strangers' doings in a transcript.
import VRRPCore
import Wire

extension InstanceConfig {
    /// Takes an option of the guard, in the configuration's words; false when it is none.
    mutating func readGuardOption(_ option: String, _ words: inout Words) throws(ActionError) -> Bool {
        if option == "guard" {
            guarding = try words.isOn() ? (guarding ?? GuardConfig()) : nil
            return true
        }
        guard var guarding else { return false }
        switch option {
        case "probe": guarding.probes = try words.isOn()
        case "hold_max": guarding.longestHold = try words.span()
        case "release_grace": guarding.releaseGrace = try words.span()
        case "foreign_claim": guarding.foreignClaim = try words.either("takeover", or: "block") ? .takeOver : .block
        case "deaf_peer": guarding.deafPeer = try words.either("yield", or: "defend") ? .yield : .defend
        case "tap": guarding.obeysTap = try words.either("process", or: "log_only")
        default: return false
        }
        self.guarding = guarding
        return true
    }

    /// What differs from an instance without a guard, or from the guard's defaults.
    var guardOptions: [String] {
        guard let guarding else { return [] }
        let standard = GuardConfig()
        var options = ["guard on"]
        func add(_ option: String, if differs: Bool) { if differs { options.append(option) } }
        add("probe off", if: !guarding.probes)
        if let longest = guarding.longestHold { options.append("hold_max \(longest.transcript)") }
        add(
            "release_grace \(guarding.releaseGrace.transcript)", if: guarding.releaseGrace != standard.releaseGrace)
        add("foreign_claim block", if: guarding.foreignClaim == .block)
        add("deaf_peer defend", if: guarding.deafPeer == .defend)
        add("tap log_only", if: !guarding.obeysTap)
        return options
    }
}

extension StrangerAction {
    /// "proxy-arp gw on", "use x 192.168.4.200", "unuse x", "claim x 192.168.4.200", "forge x …", "forge x off"
    static func read(_ verb: String, _ words: inout Words) throws(ActionError) -> (String, Self)? {
        switch verb {
        case "proxy-arp": (try words.next("a stranger"), .proxy(try words.isOn()))
        case "use": (try words.next("a stranger"), .use(try words.address()))
        case "unuse": (try words.next("a stranger"), .use(nil))
        case "claim": (try words.next("a stranger"), .claim(try words.address()))
        case "forge": (try words.next("a stranger"), .forge(try Forgery.read(&words)))
        default: nil
        }
    }

    func transcript(_ name: String) -> String {
        switch self {
        case .proxy(let isOn): "proxy-arp \(name) \(isOn ? "on" : "off")"
        case .use(let address): address.map { "use \(name) \($0)" } ?? "unuse \(name)"
        case .claim(let address): "claim \(name) \(address)"
        case .forge(let forgery): "forge \(name) \(forgery?.transcript ?? "off")"
        }
    }
}

extension Forgery {
    /// "from 192.168.4.66 vrid 99 priority 255 every 1ms": adverts that look like this; nil for "off".
    static func read(_ words: inout Words) throws(ActionError) -> Forgery? {
        if words.take("off") { return nil }
        var forgery = Forgery(
            source: .v4(IPv4Address(rawValue: 0xc0a8_0442)), virtualRouterID: 51, priority: 250, every: .seconds(1))
        while !words.isAtEnd {
            let option = try words.next("an option")
            switch option {
            case "from": forgery.source = try words.address()
            case "vrid": forgery.virtualRouterID = UInt8(clamping: try words.integer("a virtual router identifier"))
            case "priority": forgery.priority = UInt8(clamping: try words.integer("a priority"))
            case "version": forgery.version = try words.integer("a version") == 3 ? .v3 : .v2
            case "password": forgery.password = Password(try words.next("a password"))
            case "every": forgery.every = try words.span()
            default: throw ActionError(sentence: "there is no option \(option) of a forgery")
            }
        }
        guard forgery.every > .zero else { throw ActionError(sentence: "every takes a span above zero") }
        return forgery
    }

    var transcript: String {
        "from \(source) vrid \(virtualRouterID) priority \(priority) version \(version.rawValue)"
            + (password.map { " password \($0.transcript)" } ?? "") + " every \(every.transcript)"
    }
}

extension Password {
    /// The text; in a played world it is no secret.
    var transcript: String {
        let octets = (0..<8).map { UInt8(truncatingIfNeeded: rawValue >> UInt64(56 - 8 * $0)) }
        return String(decoding: octets.prefix { $0 != 0 }, as: UTF8.self)
    }
}

extension Words {
    /// True for the first word, false for the second.
    mutating func either(_ first: String, or second: String) throws(ActionError) -> Bool {
        let word = try next("\(first) or \(second)")
        guard word == first || word == second else {
            throw ActionError(sentence: "\(word) is not \(first) or \(second)")
        }
        return word == first
    }
}
