/// Whole installations as people have them, and what is said of each.
import Foundation
import KeepalivedConf
import Migration
import Testing

let installations = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Installations").path()

/// The files of `Installations`; their scripts are written for /etc/keepalived.
struct InstalledFiles: ConfigurationFiles {
    func read(_ path: String) -> [UInt8]? {
        FileManager.default.contents(atPath: installations + "/" + path).map { Array($0) }
    }

    func isExecutable(_ path: String) -> Bool { false }

    func glob(_ pattern: String, relativeTo directory: String) -> [String] {
        guard let star = pattern.firstIndex(of: "*") else { return read(pattern) == nil ? [] : [pattern] }
        let folder = String(pattern[..<star])
        let ending = pattern[pattern.index(after: star)...]
        let names = (try? FileManager.default.contentsOfDirectory(atPath: installations + "/" + folder)) ?? []
        return names.filter { $0.hasSuffix(ending) }.map { folder + $0 }.sorted()
    }
}

func installation(_ name: String) -> Installation {
    let context = LoadContext(
        hostName: "mycat01",
        interfaces: ["eth0": InterfaceFacts(), "eth1": InterfaceFacts()])
    return Installation(mainFile: name + ".conf", files: InstalledFiles(), context: context) { path in
        guard path.hasPrefix("/etc/keepalived/") else { return nil }
        let script = installations + "/etc/" + path.dropFirst("/etc/keepalived/".count)
        return FileManager.default.contents(atPath: script).map { String(decoding: $0, as: UTF8.self) }
    }
}

@Suite struct InstallationTests {
    static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: installations)) ?? []
        return files.filter { $0.hasSuffix(".conf") }.map { String($0.dropLast(5)) }.sorted()
    }()

    @Test("there are many of them")
    func enough() { #expect(Self.names.count >= 30) }

    @Test("the report of an installation is its golden text", arguments: names)
    func report(name: String) throws {
        let migration = Migration(installation(name))
        let rewriting = Rewriting(migration)
        var text = migration.report + "\n\nExit status \(migration.exitStatus)\n"
        if migration.exitStatus < 2 {
            text += "\nhalua.conf would differ by\n" + (rewriting.changes.isEmpty ? "  nothing\n" : "")
            text += rewriting.changes.map { "  \($0)\n" }.joined()
            text += rewriting.left.map { "  not done: \($0)\n" }.joined()
        }
        let path = installations + "/\(name).txt"
        if ProcessInfo.processInfo.environment["HALUA_UPDATE"] == "1" {
            #expect(FileManager.default.createFile(atPath: path, contents: Data(text.utf8)))
            return
        }
        let expected = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
        #expect(text == expected, "\(name).txt differs; HALUA_UPDATE=1 rewrites it")
    }

    @Test("a file that is not there is said, with exit status 3")
    func missing() {
        let migration = Migration(installation("no-such-file"))
        #expect(migration.exitStatus == 3)
        #expect(migration.report.hasSuffix("The file can't be read."))
    }

    @Test("flags of the service that mean nothing here are said")
    func flags() {
        var described = installation("article-mycat01")
        described.flags = (["-D", "-x"], "/etc/default/keepalived", ["-x does nothing: halua has no SNMP agent"])
        described.version = "Keepalived v2.2.7 (01/16,2022)"
        let migration = Migration(described)
        #expect(migration.exitStatus == 1)
        #expect(migration.report.contains("Installed: Keepalived v2.2.7 (01/16,2022)."))
        #expect(migration.report.contains("Flags in /etc/default/keepalived: -D -x."))
    }

    @Test("no report shows a password of a check")
    func secrets() {
        for name in ["mysql-ping", "mysql-statement"] {
            let report = Migration(installation(name)).report
            #expect(
                !report.contains("s3cret") && report.contains("…") && !report.contains("password secret")
                    && !report.contains("psecret"))
        }
    }

    /// Why keepalived 2.2.7 refuses some of them, too, or says more than halua.
    private static let otherOpinions = [
        "typo": "the mistake is meant", "sample-left-overs": "it refuses the interval 0 of its own sample",
    ]

    @Test(
        "keepalived takes the installations", .enabled(if: Oracle.isUsable, "needs keepalived and root"),
        arguments: names)
    func oracle(name: String) throws {
        let (status, output) = try Oracle.check("\(installations)/\(name).conf")
        // 6: commands without enable_script_security; 5, when their programs are not on this host.
        let complaints = output.split(separator: "\n").filter { !$0.contains("since not found/accessible") }
        let isAccepted = status == 0 || status == 6 || status == 5 && complaints.isEmpty
        guard Self.otherOpinions[name] == nil else { return }
        #expect(isAccepted, "keepalived -t says \(status): \(output)")
    }
}

/// `keepalived -t` in a network namespace of its own that has the interfaces the files name.
private enum Oracle {
    static var isUsable: Bool {
        geteuid() == 0
            && ["/usr/sbin/keepalived", "/usr/bin/unshare", "/sbin/ip"].allSatisfy {
                FileManager.default.isExecutableFile(atPath: $0)
            }
    }

    static func check(_ path: String) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/unshare")
        let script = """
            ip link add eth0 type veth peer name eth1 && ip address add 192.168.4.7/24 dev eth0 &&
            ip link set eth0 up && ip link set eth1 up &&
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
