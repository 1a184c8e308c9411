/// The words of the test library: each is something done to the played nodes, or something seen of them.
import Daemon
import KeepalivedConf
import LinuxIO
import LuaHost
import Simulation
import VRRPCore
import Wire

/// Holds the world of one case and does what its test asks for.
final class Stage: TestStage {
    private struct Request {
        var word: String
        var arguments: [PlainValue]
        var finish: (Result<[PlainValue], TestComplaint>) -> Void
    }

    let playground: Playground
    /// Where paths and plugins are looked for.
    private let directories: [String]
    private var requests: [Request] = []
    /// Who answers the questions of the plugins.
    var asked: ((WorldQuestion) -> Void)?
    /// What plugins asked that the test had not described.
    private(set) var complaints: [String] = []
    private var names = 0

    init(playground: Playground, directories: [String]) {
        self.playground = playground
        self.directories = directories
    }

    // MARK: What takes time

    func begin(
        _ word: String, _ arguments: [PlainValue],
        _ finish: @escaping (Result<[PlainValue], TestComplaint>) -> Void
    ) {
        requests.append(Request(word: word, arguments: arguments, finish: finish))
    }

    /// Lets the world go on until the test has ended. Called from outside of every script, so that each step can run
    /// scripts of its own.
    ///
    /// Throws when that comes to no end.
    func play(until isOver: () -> Bool) throws(TestComplaint) {
        try playground.settle()
        while !isOver() {
            if requests.isEmpty {
                // The test waits by itself: time goes on to the next thing that happens.
                guard let next = playground.nextEvent else { throw TestComplaint("the test waits for ever") }
                try playground.step(to: next)
            } else {
                let request = requests.removeFirst()
                request.finish(try result(of: request))
                try playground.settle()
            }
        }
    }

    /// A complaint goes to the test, at its line; only the end of all patience ends the play.
    private func result(of request: Request) throws(TestComplaint) -> Result<[PlainValue], TestComplaint> {
        let arguments = Arguments(request.arguments)
        do throws(TestComplaint) {
            return .success(try perform(slow: request.word, arguments))
        } catch {
            return .failure(error)
        }
    }

    private func perform(slow word: String, _ arguments: Arguments) throws(TestComplaint) -> [PlainValue] {
        switch word {
        case "advance":
            let end = playground.loop.now + (try arguments.nanoseconds(0, "how long to advance"))
            try playground.advance(to: end)
        case "next": try stepOnce(until: try arguments.number(0))
        case "node": try addNode(arguments[0])
        case "neighbour": try addNeighbour(try node(arguments), arguments[1]).start(withScripts: false)
        case "start": try node(arguments).start()
        case "stop": try node(arguments).stop()
        case "kill": try node(arguments).kill()
        case "reload":
            let node = try node(arguments)
            let text = try arguments.text(1, "a configuration")
            try node.reload(NodeConfiguration(text, node: node.name, directories: directories))
        default: throw TestComplaint("the library does not know \(word)")
        }
        return []
    }

    /// To the next event, but not past a number of seconds since the beginning.
    private func stepOnce(until seconds: Double) throws(TestComplaint) {
        let end = playground.loop.now - playground.elapsed + Int64((seconds * 1e9).rounded())
        try playground.step(to: min(playground.nextEvent ?? end, end))
    }

    // MARK: Nodes

    private func node(_ arguments: Arguments) throws(TestComplaint) -> TestNode {
        try playground.node(try arguments.text(0, "the name of a node"))
    }

    private func addNode(_ options: PlainValue) throws(TestComplaint) {
        guard let name = options["name"].text, let conf = options["conf"].text else {
            throw TestComplaint("t.node needs conf: the path of a configuration, or its text")
        }
        let configuration = try NodeConfiguration(conf, node: name, directories: directories)
        let address = try address(options["address"]) ?? configuration.sourceAddress ?? freeAddress(configuration)
        let node = try add(name, configuration, address)
        switch options["state"].text {
        case nil: try node.start()
        case "MASTER": try node.start(into: .master, limit: .seconds(120))
        case "BACKUP":
            if !hasMaster(for: configuration) {
                let neighbour = try addNeighbour(node, .fields(["name": .text("\(name)-neighbour")]))
                try neighbour.start(into: .master, limit: .seconds(120), withScripts: false)
            }
            try node.start(into: .backup, limit: .seconds(120))
        case let other?: throw TestComplaint("state must be \"MASTER\" or \"BACKUP\", not \"\(other)\"")
        }
    }

    private func add(
        _ name: String, _ configuration: NodeConfiguration, _ address: IPAddress
    ) throws(TestComplaint) -> TestNode {
        guard !playground.nodes.contains(where: { $0.name == name }) else {
            throw TestComplaint("there are two nodes \(name)")
        }
        let node = TestNode(name, configuration, address: address, in: playground)
        node.world.ask = { [unowned self] in asked?($0) }
        playground.add(node)
        return node
    }

    /// A router like the node, without its plugins, which outranks it unless told otherwise.
    private func addNeighbour(_ node: TestNode, _ options: PlainValue) throws(TestComplaint) -> TestNode {
        var configuration = node.configuration
        configuration.specs = []
        for index in configuration.configuration.instances.indices {
            let own = configuration.configuration.instances[index].priority
            let wanted = options["priority"].integer ?? min(Int(own) + 50, 254)
            guard let priority = UInt8(exactly: wanted), priority > 0 else {
                throw TestComplaint("a priority is a number from 1 to 255")
            }
            configuration.configuration.instances[index].priority = priority
            configuration.configuration.instances[index].promotionGates = []
            configuration.configuration.instances[index].forgetTracking(peer: node.simulated.address)
        }
        for index in configuration.configuration.syncGroups.indices {
            configuration.configuration.syncGroups[index].trackedChecks = []
            configuration.configuration.syncGroups[index].trackedProcesses = []
            configuration.configuration.syncGroups[index].trackedInterfaces = []
        }
        let address = try address(options["address"]) ?? node.configuration.peerAddress ?? freeAddress(configuration)
        return try add(options["name"].text ?? nextName(), configuration, address)
    }

    private func hasMaster(for configuration: NodeConfiguration) -> Bool {
        let numbers = Set(configuration.configuration.instances.map(\.virtualRouterID))
        return playground.nodes.contains { node in
            node.ids.contains { node.state(of: $0) == .master && numbers.contains(node.config(of: $0).virtualRouterID) }
        }
    }

    private func address(_ value: PlainValue) throws(TestComplaint) -> IPAddress? {
        guard let text = value.text else { return nil }
        guard let address = IPAddress(text) else { throw TestComplaint("\"\(text)\" is no IP address") }
        return address
    }

    /// The first of a range that no node has.
    private func freeAddress(_ configuration: NodeConfiguration) -> IPAddress {
        let taken = Set(playground.nodes.map(\.simulated.address))
        let prefix = configuration.family == .ipv4 ? "192.0.2." : "fe80::"
        let candidates = (11...250).lazy.compactMap { IPAddress("\(prefix)\($0)") }
        guard let free = candidates.first(where: { !taken.contains($0) }) else {
            preconditionFailure("no test has more nodes than a segment has addresses")
        }
        return free
    }

    private func nextName() -> String {
        names += 1
        return "node\(names)"
    }

    // MARK: What is done at once

    func perform(_ word: String, _ values: [PlainValue]) throws(TestComplaint) -> [PlainValue] {
        let arguments = Arguments(values)
        switch word {
        case "now": return [.number(Double(playground.elapsed) / 1e9)]
        case "seconds": return [.number(Double(try arguments.nanoseconds(0, "a limit")) / 1e9)]
        case "set_time": playground.loop.setWallTime(Int64((try arguments.number(0) * 1e9).rounded()))
        case "next_name": return [.text(nextName())]
        case "complain":
            let complaint = try arguments.text(1, "a sentence")
            if !complaints.contains(complaint) { complaints.append(complaint) }
        case "instance", "check", "gate", "events", "adverts", "log":
            return [try look(word, try node(arguments), arguments)]
        default: return try change(word, try node(arguments), arguments)
        }
        return []
    }

    private func look(_ word: String, _ node: TestNode, _ arguments: Arguments) throws(TestComplaint) -> PlainValue {
        switch word {
        case "instance": try node.describe(instance: arguments[1].text)
        case "check": try node.describe(check: arguments.text(1, "the name of a check"))
        case "gate": try node.describe(gate: arguments.text(1, "the name of a gate"))
        case "events": node.describeEvents(since: playground.loop.now - playground.elapsed)
        case "adverts": node.describeAdverts(since: playground.loop.now - playground.elapsed)
        default: .list(playground.timeline.entries(of: node.name).map { .text($0.text) })
        }
    }

    private func change(_ word: String, _ node: TestNode, _ arguments: Arguments) throws(TestComplaint) -> [PlainValue]
    {
        switch word {
        case "link": try node.act(.host(.link(isUp: arguments[1].boolean ?? true), of: node.name))
        case "mute": try node.act(.host(.mute(arguments[1].text), of: node.name))
        case "cut": try cut(node, arguments[1].boolean ?? true)
        case "hear_advert": return [.text(try node.hear(arguments[1]))]
        case "hear_claim": try node.hear(claim: arguments[1])
        case "track_process": try node.track(process: arguments)
        case "process_start": return [.integer(try node.startProcess(arguments[1]))]
        case "process_state":
            try node.changeProcess(arguments[1]) {
                node.world.processes.setState(arguments[2].text?.first ?? "S", of: $0)
            }
        case "process_end": try node.changeProcess(arguments[1]) { node.world.processes.remove($0) }
        case "file_write":
            node.world.files.write(
                try arguments.text(1, "a path"), arguments[2].octets ?? [], now: playground.loop.wallTime)
        case "file_remove":
            let path = try arguments.text(1, "a path")
            guard node.world.files.remove(path) else { throw TestComplaint("\(node.name) has no file \(path)") }
        default: throw TestComplaint("the library does not know \(word)")
        }
        return []
    }

    /// Between the node and all others, both ways.
    private func cut(_ node: TestNode, _ isCut: Bool) throws(TestComplaint) {
        for other in playground.nodes where other !== node {
            try node.act(.segment(.link(from: node.name, to: other.name, .cut(isCut))))
            try node.act(.segment(.link(from: other.name, to: node.name, .cut(isCut))))
        }
    }
}

/// The arguments of a word, read with sentences for what is wrong.
struct Arguments {
    private let values: [PlainValue]
    init(_ values: [PlainValue]) { self.values = values }

    subscript(index: Int) -> PlainValue { index < values.count ? values[index] : .null }

    func text(_ index: Int, _ what: String) throws(TestComplaint) -> String {
        guard let text = self[index].text else { throw TestComplaint("\(what) is missing (a string)") }
        return text
    }

    func nanoseconds(_ index: Int, _ what: String) throws(TestComplaint) -> Int64 {
        guard let span = self[index].duration else {
            throw TestComplaint("\(what) must be a duration: seconds, or a string such as \"250ms\"")
        }
        return Int64(span / .nanoseconds(1))
    }

    func number(_ index: Int) throws(TestComplaint) -> Double {
        switch self[index] {
        case .integer(let value): return Double(value)
        case .number(let value): return value
        case .null, .boolean, .string, .table: throw TestComplaint("a number is missing")
        }
    }
}
