/// What `halua migrate --write` writes: the daemon takes it, with the plugins that are shipped.
import Daemon
import Foundation
import KeepalivedConf
import LuaHost
import Migration
import Testing

@Suite struct MigratedFilesTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    private static let folder = root.appending(path: "Tests/MigrationTests/Installations").path()

    static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return files.filter { $0.hasSuffix(".conf") && $0 != "typo.conf" }.sorted()
    }()

    @Test("a migrated file passes check-config, and asks by Lua what a plugin can ask", arguments: names)
    func migrated(name: String) throws {
        let file = Self.folder + "/" + name
        let context = LoadContext(hostName: "mycat01", configID: "mycat01")
        let migration = Migration(
            Installation(mainFile: file, files: FilesOnDisk(), context: context) { path in
                guard path.hasPrefix("/etc/keepalived/") else { return nil }
                let script = Self.folder + "/etc/" + path.dropFirst("/etc/keepalived/".count)
                return FileManager.default.contents(atPath: script).map { String(decoding: $0, as: UTF8.self) }
            })
        let rewriting = Rewriting(migration)
        // The plugins of the source tree stand for those that are installed.
        let head = "global_defs {\n    lua_path \(Self.root.path())plugins\n}\n"
        let target = "/tmp/halua-migrated-\(getpid())-\(UInt32.random(in: 0 ... .max)).conf"
        defer { unlink(target) }
        try (head + rewriting.text).write(toFile: target, atomically: true, encoding: .utf8)
        let report = checkConfiguration(file: target, configurationID: "mycat01")
        #expect(report.isAccepted, "\(report.text)\n\(rewriting.text)")
        let proposed = migration.checks.count { if case .lua = $0.judgement { true } else { false } }
        #expect(report.ready?.configuration.luaScripts.count == proposed - rewriting.left.count)
        #expect(
            (report.ready?.configuration.scripts.count ?? 0) == migration.checks.count - proposed + rewriting.left.count
        )
        for check in report.ready?.configuration.luaScripts ?? [] {
            let script = try #require(migration.checks.first { $0.script.name == check.name }?.script)
            #expect(check.check.interval == script.interval && check.check.timeout == script.timeout)
            #expect(check.check.rise == script.rise && check.check.fall == script.fall)
            #expect((check.check.weight ?? 0) == script.weight)
        }
    }
}
