/// Files that are right, in every shape met in the field: what they mean, and what is said about them.
import Foundation
import KeepalivedConf
import Testing

@Suite struct GoodFilesTests {
    @Test("a good file means what its golden text says", arguments: fileNames(in: "Good", ending: ".conf"))
    func goodFile(name: String) throws {
        let result = loadConfiguration(
            main: name + ".conf", files: DiskFiles(root: testFolder + "/Good"), context: testHost())
        let configuration = try #require(result.configuration, "\(rendered(result))")
        expectGolden(summary(configuration) + rendered(result), "Good/\(name).txt")
    }

    @Test("the article's files give no warning", arguments: ["article-mycat01", "article-mycat02", "crlf-and-tabs"])
    func article(name: String) throws {
        let result = loadConfiguration(
            main: name + ".conf", files: DiskFiles(root: testFolder + "/Good"), context: testHost())
        #expect(result.diagnostics.isEmpty)
        let instance = try #require(result.configuration?.instances.first)
        #expect(instance.name == "VI_1")
        #expect(!instance.preempts)
        #expect(instance.priority == 200)
        #expect(instance.virtualRouterID == 196)
        #expect(instance.addresses.map { "\($0.address)/\($0.prefixLength)" } == ["192.168.4.200/32"])
    }

    /// Why keepalived 2.2.7 has another opinion on some of the files.
    static let otherOpinions = [
        "byte-order-mark": "it takes the mark for a keyword", "fast-version-3": "v3_checksum_as_v2 came with 2.2.8",
        "load-balancer": "it refuses the interval 0 of its own sample", "long-line": "it splits long lines",
        "guard": "the words are halua's own", "lua": "the words are halua's own",
        "promotion-gates": "the words are halua's own",
        "surprises": "warnings count as errors for -t",
    ]

    @Test("keepalived accepts the good files too", .enabled(if: Oracle.isUsable, "needs keepalived and root"))
    func oracle() throws {
        for name in fileNames(in: "Good", ending: ".conf") where Self.otherOpinions[name] == nil {
            let (status, output) = try Oracle.check(testFolder + "/Good/\(name).conf")
            // 6: it holds commands and no enable_script_security.
            #expect(status == 0 || status == 6, "keepalived -t says about \(name): \(output)")
        }
    }

    @Test(
        "keepalived refuses what halua refuses: an unknown keyword",
        .enabled(if: Oracle.isUsable, "needs keepalived and root"))
    func oracleRefuses() throws {
        let (status, _) = try Oracle.check(testFolder + "/Wrong/unknown-keyword.conf")
        #expect(status == 5)
    }
}

/// `keepalived -t` in a network namespace of its own that has the interfaces the files name.
enum Oracle {
    static var isUsable: Bool {
        geteuid() == 0
            && ["/usr/sbin/keepalived", "/usr/bin/unshare", "/sbin/ip"].allSatisfy {
                FileManager.default.isExecutableFile(atPath: $0)
            }
    }

    /// The exit status: 0, 4 fatal, 5 errors, 6 scripts without security; and what was printed.
    static func check(_ path: String) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        let script = """
            ip link add eth0 type veth peer name eth1 && ip link add bond0 type veth peer name bond1 &&
            ip address add 192.168.4.7/24 dev eth0 && ip link set eth0 up && ip link set eth1 up &&
            exec timeout 10 keepalived -t -l -n -i mycat01 -f "$0"
            """
        process.arguments = ["-n", "/bin/sh", "-c", script, path]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
