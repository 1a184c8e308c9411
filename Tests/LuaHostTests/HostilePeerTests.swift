/// Every shipped plugin that asks somebody, against peers at their worst: it fails in time and in plain words, leaks
/// nothing, and the engine goes on.
import Glibc
import LinuxIO
import LuaHost
import Testing

@Suite(.serialized) struct HostilePeerTests {
    private static let plugins =
        "\(#filePath)".split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/plugins"

    @Test("every shipped plugin has a hostile counterpart")
    func complete() throws {
        let folder = try #require(opendir(Self.plugins))
        defer { closedir(folder) }
        var names: Set<String> = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(".lua") { names.insert(String(name.dropLast(4))) }
        }
        #expect(names == Set(HostileTarget.all.map(\.plugin)).union(HostileTarget.elsewhere.keys))
    }

    @Test("a peer that sends", arguments: HostilePeer.allCases)
    func asked(_ peer: HostilePeer) throws {
        let complaints = Lock<[String]>([])
        try OwnDescriptors.run {
            let found = try Self.ask(peer)
            complaints.withLock { $0 = found }
        }
        for complaint in complaints.withLock({ $0 }) { Issue.record("\(complaint)") }
    }

    /// All targets side by side, each with a server of its own. Returns what is wrong.
    private static func ask(_ peer: HostilePeer) throws -> [String] {
        // What the first use of a library opens stays open.
        let before = OwnDescriptors.count
        let complaints = try askAll(peer)
        let after = OwnDescriptors.settled(at: before)
        return after <= before ? complaints : complaints + ["left open: \(OwnDescriptors.list)"]
    }

    private static func askAll(_ peer: HostilePeer) throws -> [String] {
        let bench = ScriptBench()
        var servers: [HTTPServer] = []
        var sockets: [String] = []
        defer { for socket in sockets { unlink(socket) } }
        var specs = [
            bench.plugin("halua.check{name='c', interval='20ms', run=function() return true end}", name: "neighbour")
        ]
        var schedules = [CheckSchedule(name: "neighbour.c", interval: .milliseconds(20))]
        /// What a reason must name.
        var addresses: [String: String] = [:]
        for (index, target) in HostileTarget.all.enumerated() {
            let socket = "/tmp/halua-hostile-\(getpid())-\(index)"
            if target.usesSocket { sockets.append(socket) }
            let server = HTTPServer(
                path: target.usesSocket ? socket : nil,
                raw: { client in
                    peer.serve(client, half: target.half, seed: UInt64(index * 1_000 + client.number))
                })
            servers.append(server)
            let name = "\(target.plugin)\(index)"
            let lines = (target.place(server.port, socket) + target.options).map {
                OptionLine(key: $0.0, values: $0.1, file: "halua.conf", line: 2, column: 5)
            }
            specs.append(PluginSpec(name: name, path: "\(plugins)/\(target.plugin).lua", options: lines))
            for check in target.checks {
                addresses["\(name).\(check)"] = target.usesSocket ? socket : "127.0.0.1:\(server.port)"
                schedules.append(
                    CheckSchedule(name: "\(name).\(check)", interval: .milliseconds(50), timeout: .seconds(1)))
            }
        }
        bench.engine.start(try ScriptEngine.load(specs, limits: bench.engine.limits).get(), checks: schedules)
        var complaints: [String] = []
        for (name, address) in addresses.sorted(by: { $0.key < $1.key }) {
            let results = bench.results(of: name, 2)
            guard results.count >= 2 else { return ["\(name) says nothing: \(results)"] }
            for result in Set(results) {
                if let problem = problem(result, address) { complaints.append("\(name): \(problem)") }
            }
        }
        bench.clear()
        if bench.result(of: "neighbour.c") != .passed { complaints.append("the engine does not go on") }
        bench.engine.stop()
        if bench.wait({ if case .stopped = $0 { true } else { nil } }) == nil { complaints.append("it does not stop") }
        withExtendedLifetime(servers) {}
        return complaints
    }

    @Test("a receiver of notices at its worst delivers none, and the next one is tried") func webhook() throws {
        let bench = ScriptBench()
        let half = Array("HTTP/1.1 503 Nope\r\nContent-Le".utf8)
        let servers = HostilePeer.allCases.map { peer in
            HTTPServer(raw: { peer.serve($0, half: half, seed: UInt64($0.number)) })
        }
        let specs = servers.enumerated().map { index, server in
            let options = [("url", "http://127.0.0.1:\(server.port)/SECRET"), ("timeout", "500ms")].map {
                OptionLine(key: $0.0, values: [$0.1], file: "halua.conf", line: 2, column: 5)
            }
            return PluginSpec(name: "webhook\(index)", path: "\(Self.plugins)/webhook.lua", options: options)
        }
        bench.start(try ScriptEngine.load(specs, limits: bench.engine.limits).get(), instances: [snapshot("VI_1")])
        bench.engine.send(
            .transition(
                TransitionMessage(
                    instance: snapshot("VI_1", state: "MASTER"), from: "BACKUP", to: "MASTER", reason: "master_down",
                    sentence: "no master was heard", sequence: 1, atNanoseconds: Clock.monotonic)))
        for (index, server) in servers.enumerated() {
            let lines = bench.wait { _ -> [String]? in
                let lines = bench.messages.compactMap { message -> String? in
                    if case .log(_, "webhook\(index)", let line, _) = message { line } else { nil }
                }
                return lines.count >= 2 ? lines : nil
            }
            for line in lines ?? ["\(HostilePeer.allCases[index]) is not told"] {
                #expect(line.hasPrefix("a notice could not be delivered, again in "), "\(line)")
                #expect(Self.problem(.failed(line), "127.0.0.1:\(server.port)") == nil, "\(line)")
                #expect(!line.contains("SECRET"))
            }
        }
    }

    @Test("a gateway that answers nonsense is no witness", .needsNetworkRights) func gateway() throws {
        let said = Lock<CheckResult?>(nil)
        try OwnDescriptors.run {
            try inNewNetworkNamespace {
                let (_, right) = try makeCable()
                let target = "10.0.0.9"
                // The echo request is to get through although nobody answers ARP.
                try run("ip neigh add \(target) lladdr 02:00:00:00:00:09 dev left nud permanent")
                let neighbor = try FakeNeighbor(on: right) { frame in
                    guard frame.count > 14 else { return [] }
                    let back = Array(frame[6..<12] + frame[..<6] + frame[12...])
                    let torn = Array(back.prefix(back.count / 2))
                    let garbage = Array(back.prefix(14)) + back.dropFirst(14).map { $0 &* 181 &+ 59 }
                    return [back, torn, garbage]
                }
                let bench = ScriptBench()
                let options = [("targets", target), ("interface", "left")].map {
                    OptionLine(key: $0.0, values: [$0.1], file: "halua.conf", line: 2, column: 5)
                }
                let spec = PluginSpec(name: "witness", path: "\(Self.plugins)/gateway_witness.lua", options: options)
                bench.start(try bench.load(spec), instances: [snapshot("VI_1")])
                let result = bench.result(of: "witness.reach")
                said.withLock { $0 = result }
                bench.engine.stop()
                _ = bench.wait { if case .stopped = $0 { true } else { nil } }
                withExtendedLifetime(neighbor) {}
            }
        }
        let result = try #require(said.withLock { $0 })
        #expect(Self.problem(result, "no witness answers on left") == nil)
    }

    /// What is wrong with a result; nil when it is a failure in plain words.
    static func problem(_ result: CheckResult, _ address: String) -> String? {
        switch result {
        case .passed: return "passed"
        case .broken(let message): return "a bug: \(message)"
        case .failed(let reason):
            let isPlain =
                reason.contains(address) && !reason.contains(".lua:") && !reason.hasPrefix("timed out after")
                && reason.utf8.count < 400
                && !reason.unicodeScalars.contains { $0.properties.generalCategory == .control }
            return isPlain ? nil : "not in plain words: \(reason)"
        }
    }
}
