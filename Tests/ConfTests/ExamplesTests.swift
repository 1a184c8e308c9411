/// The examples in conf.d: each is right, and the nodes of one example fit together.
import Foundation
import KeepalivedConf
import Testing
import Wire

@Suite struct ExamplesTests {
    static let root = (testFolder as NSString).deletingLastPathComponent + "/../conf.d"

    static let examples: [String] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        return names.filter { !$0.contains(".") }.sorted()
    }()

    private func nodes(of example: String) throws -> [Configuration] {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.root + "/" + example).sorted()
        return try files.map { file in
            let result = loadConfiguration(
                main: "\(example)/\(file)", files: DiskFiles(root: Self.root), context: testHost())
            #expect(result.diagnostics.isEmpty, "\(rendered(result))")
            return try #require(result.configuration)
        }
    }

    @Test("an example gives no warning, and its nodes agree on all that VRRP compares", arguments: examples)
    func example(name: String) throws {
        let nodes = try nodes(of: name)
        #expect(nodes.count >= 2)
        #expect(Set(nodes.map(\.global.routerID)).count == nodes.count)
        let instances = nodes.flatMap(\.instances)
        #expect(instances.count == nodes.count)
        #expect(Set(instances.map(\.virtualRouterID)).count == 1)
        #expect(Set(instances.map(\.interval)).count == 1)
        #expect(Set(instances.map(\.authentication)).count == 1)
        #expect(Set(instances.map { $0.addresses.map(\.address) }).count == 1)
        #expect(Set(instances.map { $0.trackedChecks.map(\.name) }).count == 1)
        #expect(Set(instances.map(\.preempts)).count == 1)
    }

    @Test("unicast nodes name each other and not themselves")
    func unicast() throws {
        let instances = try nodes(of: "mycat-three-nodes").flatMap(\.instances)
        let sources = Set(instances.compactMap(\.sourceAddress))
        #expect(sources.count == 3)
        for instance in instances {
            let others = sources.filter { $0 != instance.sourceAddress }
            #expect(Set(instance.unicastPeers.map(\.address)) == others)
        }
    }

    @Test("the Lua examples track what the Mycat plugin registers, so that a failure is FAULT")
    func checks() throws {
        for instance in try nodes(of: "mycat-nopreempt-lua").flatMap(\.instances) {
            #expect(instance.trackedChecks.map(\.name) == ["mycat.process", "mycat.greeting"])
            #expect(instance.trackedChecks.allSatisfy { $0.weight == nil })
        }
    }

    @Test("keepalived runs the examples without Lua", .enabled(if: Oracle.isUsable, "needs keepalived and root"))
    func oracle() throws {
        for file in [
            "mycat-nopreempt/mycat01", "mycat-nopreempt/mycat02", "mycat-preempt/mycat01", "mycat-preempt/mycat02",
        ] {
            let (status, output) = try Oracle.check(Self.root + "/\(file).conf")
            #expect(status == 0, "\(file): \(output)")
        }
    }
}
