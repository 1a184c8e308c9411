/// What the tests of the configuration reader share: files in memory and on disk, golden files, a summary of a result.
import Foundation
import KeepalivedConf
import Testing
import Wire

/// A few files that exist only for a test. Patterns know `*` only.
struct MemoryFiles: ConfigurationFiles {
    var contents: [String: String]
    var executable: Set<String> = []

    func read(_ path: String) -> [UInt8]? { contents[path].map { Array($0.utf8) } }

    func isExecutable(_ path: String) -> Bool { executable.contains(path) }

    func glob(_ pattern: String, relativeTo directory: String) -> [String] {
        let full = pattern.hasPrefix("/") || directory.isEmpty ? pattern : directory + "/" + pattern
        let parts = full.split(separator: "*", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return contents[full] == nil ? [] : [full] }
        return contents.keys.filter { $0.hasPrefix(parts[0]) && $0.hasSuffix(parts[1]) }.sorted()
    }
}

/// The files below one directory, named relative to it.
struct DiskFiles: ConfigurationFiles {
    var root: String

    func read(_ path: String) -> [UInt8]? {
        FileManager.default.contents(atPath: root + "/" + path).map { Array($0) }
    }

    func isExecutable(_ path: String) -> Bool { false }

    func glob(_ pattern: String, relativeTo directory: String) -> [String] {
        let full = directory.isEmpty ? pattern : directory + "/" + pattern
        guard full.contains("*") else { return FileManager.default.fileExists(atPath: root + "/" + full) ? [full] : [] }
        let folder = (full as NSString).deletingLastPathComponent
        let ending = full.split(separator: "*").last.map(String.init) ?? ""
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root + "/" + folder)) ?? []
        return names.filter { $0.hasSuffix(ending) }.map { folder + "/" + $0 }.sorted()
    }
}

/// The host that the files in `Wrong` and `Good` are written for.
func testHost(_ name: String = "mycat01") -> LoadContext {
    var context = LoadContext(
        hostName: name, environment: ["VIP": "192.168.4.200"], randomSeed: 1,
        interfaces: [
            "lo": InterfaceFacts(isLoopback: true, maximumTransmissionUnit: 65536), "eth0": InterfaceFacts(),
            "eth1": InterfaceFacts(), "bond0": InterfaceFacts(maximumTransmissionUnit: 1500),
        ])
    context.readKeyFile = { path in
        switch path {
        case "/etc/halua/guard.key": .success(Array("0123456789abcdef0123456789abcdef\r\n".utf8))
        case "/etc/halua/empty.key": .success(Array("\n".utf8))
        default: .failure(KeyComplaint("\(path) can be read by everybody", hint: "chmod 0600 \(path)"))
        }
    }
    return context
}

func load(_ text: String, host: String = "mycat01", with files: [String: String] = [:]) -> LoadResult {
    var contents = files
    contents["halua.conf"] = text
    return loadConfiguration(main: "halua.conf", files: MemoryFiles(contents: contents), context: testHost(host))
}

/// An instance that is right, for tests that care about one statement: `$0` stands where `{}` would.
func instance(_ body: String = "", name: String = "VI_1", id: Int = 196, address: String = "192.168.4.200/24") -> String
{
    """
    vrrp_instance \(name) {
        interface eth0
        virtual_router_id \(id)
        priority 200
        virtual_ipaddress {
            \(address)
        }
        \(body)
    }

    """
}

let testFolder = (#filePath as NSString).deletingLastPathComponent

func fileNames(in folder: String, ending: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: testFolder + "/" + folder)) ?? []
    return names.filter { $0.hasSuffix(ending) }.map { String($0.dropLast(ending.count)) }.sorted()
}

/// Compares with a file next to the tests; `HALUA_UPDATE=1` writes it instead.
func expectGolden(_ text: String, _ path: String, sourceLocation: Testing.SourceLocation = #_sourceLocation) {
    let full = testFolder + "/" + path
    if ProcessInfo.processInfo.environment["HALUA_UPDATE"] == "1" {
        #expect(FileManager.default.createFile(atPath: full, contents: Data(text.utf8)), sourceLocation: sourceLocation)
        return
    }
    let expected = FileManager.default.contents(atPath: full).map { String(decoding: $0, as: UTF8.self) }
    #expect(text == expected, "\(path) differs; HALUA_UPDATE=1 rewrites it", sourceLocation: sourceLocation)
}

func rendered(_ result: LoadResult) -> String { result.diagnostics.map { $0.rendered + "\n" }.joined() }

extension LoadResult {
    var errors: [String] { diagnostics.filter { $0.severity == .error }.map(\.headline) }
    var warnings: [String] { diagnostics.filter { $0.severity == .warning }.map(\.headline) }
}
