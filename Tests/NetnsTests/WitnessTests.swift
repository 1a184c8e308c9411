/// The gateway witness with real daemons: who is cut off neither takes nor keeps the address.
import ControlProtocol
import Foundation
import Lab
import Testing

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct WitnessTests {
        /// The client of the lab is the gateway.
        private func start(_ host: LabHost, peer: LabHost, priority: Int) throws -> LabProcess {
            let path = LabSupport.programs.plugins + "/gateway_witness.lua"
            let plugin = try String(contentsOfFile: path, encoding: .utf8)
            try host.write(file: "gateway_witness.lua", plugin)
            var instance = InstanceText()
            instance.priority = priority
            instance.lines += ["nopreempt", "promotion_gate gateway_witness.reach"]
            let definitions = """
                global_defs {
                    lua_path \(host.folder)
                }
                lua_plugin gateway_witness {
                    targets 192.168.4.250
                    peers \(peer.address)
                }

                """
            return try host.start(.halua, configuration: definitions + instance.text)
        }

        private func state(of host: LabHost) throws -> String {
            try #require(try askStatus(host.controlSocketPath).instances.first).state
        }

        @Test(
            "a backup that is cut off does not become master; a master that is cut off lets go, and the other takes over",
            .timeLimit(.minutes(2)))
        func cutOff() throws {
            try withPair { lab, watch, _ in
                let (first, second) = (lab.hosts[0], lab.hosts[1])
                let master = try start(first, peer: second, priority: 200)
                expectHolders([0], watch, within: .seconds(10), [master])
                let backup = try start(second, peer: first, priority: 100)
                let daemons = [master, backup]
                try expectState("BACKUP", of: second, daemons)

                let start = Moment.now
                try second.setCutOff(true)
                try expectState("FAULT", of: second, daemons)
                pause(.seconds(4))
                #expect(watch.changes(since: start).isEmpty, "\(tail(backup))")
                #expect(backup.output.first(containing: "no witness answers on eth0", since: start) != nil)
                try second.setCutOff(false)
                try expectState("BACKUP", of: second, daemons)

                try first.setCutOff(true)
                expectHolders([1], watch, within: .seconds(15), daemons)
                #expect(try state(of: first) == "FAULT")
                try first.setCutOff(false)
                try expectState("BACKUP", of: first, daemons)
                #expect(watch.holders == [1], "\(tail(master))\(tail(backup))")
            }
        }

        @Test("a node that starts cut off does not become master until a witness answers", .timeLimit(.minutes(1)))
        func startsCutOff() throws {
            try withPair { lab, watch, _ in
                let host = lab.hosts[0]
                try host.setCutOff(true)
                let daemon = try start(host, peer: lab.hosts[1], priority: 200)
                pause(.seconds(8))
                #expect(watch.holders == [], "\(tail(daemon))")
                try host.setCutOff(false)
                expectHolders([0], watch, within: .seconds(15), [daemon])
            }
        }

        private func expectState(_ expected: String, of host: LabHost, _ daemons: [LabProcess]) throws {
            let reached = waitUntil(.seconds(12), every: .milliseconds(50)) {
                (try? state(of: host)) == expected
            }
            #expect(reached != nil, "\(host.name) is not \(expected)\n\(daemons.map { tail($0) }.joined())")
        }
    }
}
