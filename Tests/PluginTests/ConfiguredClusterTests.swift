/// `halua simulate`: configuration files become the nodes of a played cluster, and what cannot be played is refused.
import Foundation
import PluginTesting
import Simulation
import Testing
import VRRPCore

@Suite struct ConfiguredClusterTests {
    /// Writes a file for each node and reads the cluster; the files are gone afterwards.
    private func cluster(_ texts: [(name: String, text: String)]) throws -> ConfiguredCluster {
        let folder = FileManager.default.temporaryDirectory.appending(path: "halua-simulate-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var paths: [String] = []
        for (name, text) in texts {
            let file = folder.appending(path: name)
            try text.write(to: file, atomically: true, encoding: .utf8)
            paths.append(file.path)
        }
        return try ConfiguredCluster(files: paths)
    }

    private func node(priority: Int, id: Int = 51, more: String = "") -> String {
        """
        vrrp_instance VI_1 {
            state BACKUP
            interface eth0
            virtual_router_id \(id)
            priority \(priority)
            \(more)
            virtual_ipaddress { 192.168.4.200 }
        }
        """
    }

    @Test("files become nodes that are called as they are, with the daemon's own translation")
    func nodes() throws {
        let cluster = try cluster([("lb1.conf", node(priority: 200)), ("lb2.conf", node(priority: 150))])
        #expect(cluster.plan.hosts.map(\.name) == ["lb1", "lb2"])
        #expect(cluster.plan.hosts.map { Int($0.instances[0].basePriority) } == [200, 150])
        #expect(cluster.plan.hosts.allSatisfy { $0.instances[0].guarding != nil }, "the guard is on by default")
        let played = try Transcript.play("run 5s\nkill lb1\nrun 10s\n", on: cluster.plan)
        #expect(played.contains("lb1 BACKUP → MASTER"))
        #expect(played.contains("VIP at: lb2"))
    }

    @Test("what two nodes disagree about is said before anything is played")
    func disagreement() throws {
        let cluster = try cluster([("a.conf", node(priority: 200)), ("b.conf", node(priority: 150, id: 52))])
        #expect(cluster.remarks.contains("a and b share 192.168.4.200 and differ in virtual_router_id"))
    }

    @Test("unicast nodes get the addresses by which they know each other")
    func unicast() throws {
        let cluster = try cluster([
            ("a.conf", node(priority: 200, more: "unicast_peer { 10.0.0.2 }")),
            ("b.conf", node(priority: 150, more: "unicast_peer { 10.0.0.1 }")),
        ])
        #expect(cluster.plan.hosts.map { "\($0.address)" } == ["10.0.0.1", "10.0.0.2"])
        let played = try Transcript.play("run 10s\n", on: cluster.plan)
        #expect(played.contains("VIP at: a\n"))
    }

    @Test("a file that the daemon would refuse is refused with the daemon's words")
    func refusal() throws {
        #expect {
            _ = try cluster([("a.conf", node(priority: 200)), ("b.conf", node(priority: 999))])
        } throws: { error in
            "\(error)".contains("b.conf is refused") && "\(error)".contains("999")
        }
        #expect {
            _ = try cluster([("a.conf", node(priority: 200)), ("a.txt", node(priority: 150))])
        } throws: { "\($0)".contains("two files are called a") }
        #expect {
            _ = try cluster([("a.conf", node(priority: 200)), ("b.conf", "global_defs { }\n")])
        } throws: { "\($0)".contains("has no vrrp_instance") }
    }

    @Test("random faults on a configured pair keep every promise, and the same seed gives the same run")
    func randomRuns() throws {
        let plan = try cluster([("a.conf", node(priority: 200)), ("b.conf", node(priority: 150))]).plan
        for seed in UInt64(1)...4 {
            var run = RandomRun(seed: seed, cluster: plan)
            let result = run.play()
            #expect(result.violations.isEmpty)
            #expect(result.traceHash == run.play().traceHash)
        }
    }
}
