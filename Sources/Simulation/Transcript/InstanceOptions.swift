/// The options of an instance in a transcript, in keepalived's words where it has some.
import VRRPCore
import Wire

extension InstanceConfig {
    /// What a transcript's instance is before its options: the article's, apart from names.
    static func standard(_ name: String) -> InstanceConfig {
        var config = InstanceConfig(name: name, version: .v2, virtualRouterID: 51)
        config.virtualAddresses = [standardAddress]
        return config
    }

    /// 192.168.4.200
    static let standardAddress = IPAddress.v4(IPv4Address(rawValue: 0xc0a8_04c8))

    /// Takes one option and its values.
    mutating func readOption(_ words: inout Words) throws(ActionError) {
        let option = try words.next("an option")
        switch option {
        case "priority": basePriority = UInt8(clamping: try words.integer("a priority"))
        case "vrid": virtualRouterID = UInt8(clamping: try words.integer("a virtual router identifier"))
        case "version": version = try words.integer("a version") == 3 ? .v3 : .v2
        case "interval": interval = try words.span()
        case "vip": virtualAddresses = [try words.address()]
        case "vip+": virtualAddresses.append(try words.address())
        case "preempt": preempts = true
        case "nopreempt": preempts = false
        case "preempt_delay": preemptDelay = try words.span()
        case "startup_delay": startupDelay = try words.span()
        case "down_timer_adverts": downTimerAdverts = try words.integer("a number of adverts")
        case "state":
            let state = try words.next("MASTER or BACKUP")
            startsAsMaster = state == "MASTER"
        case "password": receive.authentication = .password(Password(try words.next("a password")))
        case "unicast":
            receive.isUnicast = true
            receive.checksUnicastSource = false
        default: try readLessCommon(option, &words)
        }
    }

    private mutating func readLessCommon(_ option: String, _ words: inout Words) throws(ActionError) {
        switch option {
        case "garp_delay": announce.delay = try words.span()
        case "garp_refresh": announce.refresh = try words.span()
        case "garp_repeat": announce.repetitions = try words.integer("a number of announcements")
        case "lower_prio_no_advert": answersLowerPriority = false
        case "lower_prio_advert": answersLowerPriority = true
        case "higher_prio_send_advert": sendsAdvertToHigherPriority = true
        case "no_flap_damping": dampsFlapping = false
        case "gate": gates.append(try GateConfig.read(&words))
        case "no_gates": gates = []
        default:
            guard try readGuardOption(option, &words) else {
                throw ActionError(sentence: "there is no option \(option)")
            }
        }
    }

    /// Every option that differs from the standard instance's, as `readOption` takes them.
    var transcriptOptions: String {
        let standard = Self.standard(name)
        var options = ["priority \(basePriority)", preempts ? "preempt" : "nopreempt"]
        func add(_ option: String, if differs: Bool) { if differs { options.append(option) } }
        add("vrid \(virtualRouterID)", if: virtualRouterID != standard.virtualRouterID)
        add("version \(version.rawValue)", if: version != standard.version)
        add("interval \(interval.transcript)", if: interval != standard.interval)
        for (index, address) in virtualAddresses.enumerated() where virtualAddresses != standard.virtualAddresses {
            options.append("vip\(index == 0 ? "" : "+") \(address)")
        }
        add("preempt_delay \(preemptDelay.transcript)", if: preemptDelay != .zero)
        add("startup_delay \(startupDelay.transcript)", if: startupDelay != .zero)
        add("down_timer_adverts \(downTimerAdverts)", if: downTimerAdverts != standard.downTimerAdverts)
        add("state MASTER", if: startsAsMaster)
        if case .password(let password) = receive.authentication { options.append("password \(password.transcript)") }
        add("unicast", if: receive.isUnicast)
        add("garp_delay \(announce.delay.transcript)", if: announce.delay != standard.announce.delay)
        add("garp_refresh \(announce.refresh.transcript)", if: announce.refresh != standard.announce.refresh)
        add("garp_repeat \(announce.repetitions)", if: announce.repetitions != standard.announce.repetitions)
        add("lower_prio_no_advert", if: !answersLowerPriority)
        add("higher_prio_send_advert", if: sendsAdvertToHigherPriority)
        add("no_flap_damping", if: !dampsFlapping)
        options += gates.map(\.transcript)
        options += guardOptions
        return options.joined(separator: " ")
    }
}

extension CheckConfig {
    /// "NAME weight -20 rise 1 fall 2"
    static func read(_ words: inout Words) throws(ActionError) -> CheckConfig {
        var config = CheckConfig(name: try words.next("the check's name"))
        while !words.isAtEnd {
            let option = try words.next("an option")
            switch option {
            case "weight": config.weight = try words.integer("a weight")
            case "rise": config.rise = try words.integer("a number of successes")
            case "fall": config.fall = try words.integer("a number of failures")
            case "reverse": config.isReversed = true
            case "init_fail": config.startsFailed = true
            default: throw ActionError(sentence: "there is no option \(option) of a check")
            }
        }
        return config
    }

    var transcriptOptions: String {
        "\(name) weight \(weight) rise \(rise) fall \(fall)" + (isReversed ? " reverse" : "")
            + (startsFailed ? " init_fail" : "")
    }
}
