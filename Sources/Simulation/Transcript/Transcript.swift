/// Plays a scenario: commands and their output stand in one text, so a reviewer reads a protocol run as prose.
import VRRPCore
import Wire

/// Lines that begin with a space are output, written anew by each run; all others are commands or comments.
package final class Transcript {
    private let world: World
    private let report: TranscriptReport

    /// Plays the commands of `text` and returns it with the output they give now.
    ///
    /// `cluster`: nodes that are there already. They are started first, unless the text starts nodes itself.
    package static func play(
        _ text: String, seed: UInt64 = 1, on cluster: ClusterPlan? = nil
    ) throws(TranscriptError) -> String {
        let transcript = Transcript(seed: seed)
        if let cluster {
            cluster.build(in: transcript.world)
            let startsItself = text.split(separator: "\n").contains { $0.hasPrefix("start ") }
            for action in startsItself ? [] : cluster.hosts.flatMap(cluster.starting) {
                do throws(ActionError) {
                    try transcript.world.perform(action)
                } catch {
                    throw TranscriptError(line: 0, sentence: error.sentence)
                }
            }
        }
        var result = ""
        var number = 0
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            number += 1
            if line.hasPrefix(" ") { continue }
            result += line + "\n"
            if line.isEmpty || line.hasPrefix("#") { continue }
            do throws(ActionError) {
                try transcript.obey(String(line))
            } catch {
                throw TranscriptError(line: number, sentence: error.sentence)
            }
            result += transcript.report.takeLines()
        }
        // The text's last newline is a line of its own for `split`.
        result.removeLast()
        return result
    }

    private init(seed: UInt64) {
        world = World(seed: seed)
        report = TranscriptReport()
        world.addObserver(report)
    }

    private func obey(_ line: String) throws(ActionError) {
        var words = Words(line)
        let verb = try words.next("a command")
        if let action = try Action.read(verb, &words, in: world) {
            try words.end()
            return try world.perform(action)
        }
        switch verb {
        case "node": try addNode(&words)
        case "instance": try addInstance(&words)
        case "group": try addGroup(&words)
        case "track": try addCheck(&words)
        case "client": try addClient(&words)
        case "stranger": world.addStranger(try words.next("a name"))
        case "heartbeat-segment": world.hasHeartbeatSegment = true
        case "model": try setModel(&words)
        case "option": try setOption(&words)
        case "trace": try trace(&words)
        case "run": try run(&words)
        default: throw ActionError(sentence: "there is no command \(verb)")
        }
        try words.end()
    }

    private func run(_ words: inout Words) throws(ActionError) {
        let span = try words.span()
        report.beginRun()
        world.run(until: world.now + span)
        report.endRun(world)
    }

    /// "trace adverts" writes a line for each advert that is sent.
    private func trace(_ words: inout Words) throws(ActionError) {
        guard words.take("adverts") else { throw ActionError(sentence: "only adverts can be traced") }
        report.tracesAdverts = true
    }

    // MARK: Building the world

    /// "node a 192.168.4.101 priority 200 nopreempt": a host with one instance, VI_1.
    private func addNode(_ words: inout Words) throws(ActionError) {
        let name = try words.next("a name")
        let node = world.addNode(name, address: try words.address())
        if words.take("bare") { return }
        try addInstance("VI_1", to: node, &words)
    }

    /// "instance a VI_2 vrid 52 vip 192.168.4.201": a further instance of a host.
    private func addInstance(_ words: inout Words) throws(ActionError) {
        let node = try world.find(try words.next("a node"))
        try addInstance(try words.next("a name"), to: node, &words)
    }

    private func addInstance(_ name: String, to node: Node, _ words: inout Words) throws(ActionError) {
        var config = InstanceConfig.standard(name)
        while !words.isAtEnd { try config.readOption(&words) }
        _ = world.addInstance(config, to: node)
    }

    /// "model a keepalived"
    private func setModel(_ words: inout Words) throws(ActionError) {
        let node = try world.find(try words.next("a node"))
        let word = try words.next("halua or keepalived")
        switch word {
        case "halua": node.traits.model = .halua
        case "keepalived": world.makeKeepalived(node)
        default: throw ActionError(sentence: "\(word) is not halua or keepalived")
        }
    }

    /// "option a guard on", "option a dead_man off", "option a hold_max 2s": before the node starts.
    private func setOption(_ words: inout Words) throws(ActionError) {
        let node = try world.find(try words.next("a node"))
        if words.take("dead_man") {
            node.traits.hasDeadMan = try words.isOn()
        } else if words.take("channel") {
            node.traits.hasChannel = try words.isOn()
        } else {
            let option = words
            for index in node.instances.indices {
                words = option
                try node.instances[index].readOption(&words)
            }
        }
    }

    /// "group a G1 VI_1 VI_2"
    private func addGroup(_ words: inout Words) throws(ActionError) {
        let node = try world.find(try words.next("a node"))
        let name = try words.next("a name")
        var members: [InstanceID] = []
        while !words.isAtEnd { members.append(try world.find(Target(node.name, try words.next("a member"))).1) }
        world.addGroup(SyncGroupConfig(name: name, members: members), to: node)
    }

    /// "track a mycat weight -20 fall 2"
    private func addCheck(_ words: inout Words) throws(ActionError) {
        let (node, instance) = try world.find(try words.target())
        world.addCheck(try CheckConfig.read(&words), to: instance, of: node)
    }

    /// "client app" or "client app 192.168.4.201"
    private func addClient(_ words: inout Words) throws(ActionError) {
        let name = try words.next("a name")
        world.addClient(name, of: words.isAtEnd ? InstanceConfig.standardAddress : try words.address())
    }
}
