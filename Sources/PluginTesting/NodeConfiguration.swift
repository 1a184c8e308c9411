/// A node's configuration as its test gives it, read and translated as the daemon does it.
import Daemon
import KeepalivedConf
import LuaHost
import VRRPCore
import Wire

/// The text that a test wrote beside all that lies on disk.
private struct TestFiles: ConfigurationFiles {
    let name: String
    let text: [UInt8]
    private let disk = FilesOnDisk()

    init(name: String, text: String) {
        self.name = name
        self.text = Array(text.utf8)
    }

    func read(_ path: String) -> [UInt8]? { path == name ? text : disk.read(path) }
    func glob(_ pattern: String, relativeTo directory: String) -> [String] {
        disk.glob(pattern, relativeTo: directory)
    }
    func isExecutable(_ path: String) -> Bool { disk.isExecutable(path) }
}

/// What a node is made of.
struct NodeConfiguration {
    var configuration: Configuration
    var specs: [PluginSpec]

    /// - Parameters:
    ///   - text: a path, or the configuration itself when it has more than one line or a brace.
    ///   - directories: where the test's file lies, and what is above it: paths and plugins are looked for there.
    init(_ text: String, node: String, directories: [String]) throws(TestComplaint) {
        let result: LoadResult
        if text.contains("\n") || text.contains("{") {
            let files = TestFiles(name: "conf of \(node)", text: text)
            result = loadConfiguration(main: files.name, files: files, context: Self.context(node))
        } else {
            let candidates = text.hasPrefix("/") ? [text] : [text] + directories.map { "\($0)/\(text)" }
            let files = FilesOnDisk()
            guard let path = candidates.first(where: { files.read($0) != nil }) else {
                throw TestComplaint("there is no configuration \(candidates.joined(separator: ", nor "))")
            }
            result = loadConfiguration(main: path, files: files, context: Self.context(node))
        }
        guard let configuration = result.configuration else {
            let errors = result.diagnostics.filter { $0.severity == .error }
            throw TestComplaint("the configuration is refused:\n" + errors.map(\.rendered).joined(separator: "\n"))
        }
        switch pluginSpecs(configuration, before: directories) {
        case .success(let specs): self.specs = specs
        case .failure(let failures): throw Self.complaint(failures.failures)
        }
        self.configuration = configuration
    }

    private static func context(_ node: String) -> LoadContext {
        LoadContext(hostName: node, configID: node, environment: [:], randomSeed: 1)
    }

    static func complaint(_ failures: [LoadFailure]) -> TestComplaint {
        TestComplaint("the plugins cannot be loaded:\n" + failures.map { "\($0)" }.joined(separator: "\n"))
    }

    /// Loads the plugins into a world.
    func load(into world: ScriptedWorld) throws(TestComplaint) -> LoadedGeneration {
        switch world.load(specs, limits: scriptLimits(configuration.global.lua)) {
        case .failure(let failures): throw Self.complaint(failures.failures)
        case .success(let generation):
            let missing =
                unregisteredChecks(configuration, generation.checks)
                + unregisteredGates(configuration, generation.gates)
            guard missing.isEmpty else { throw Self.complaint(missing) }
            return generation
        }
    }

    func translated(_ generation: LoadedGeneration) -> [TranslatedInstance] {
        let context = TranslationContext(configuration, generation.checks, generation.gates)
        return configuration.instances.map { translate($0, in: context) }
    }

    /// The address that the configuration gives this node; nil when it leaves that to the interface.
    var sourceAddress: IPAddress? { configuration.instances.lazy.compactMap(\.sourceAddress).first }

    /// The address of the first configured peer.
    var peerAddress: IPAddress? { configuration.instances.lazy.compactMap { $0.unicastPeers.first?.address }.first }

    var family: AddressFamily { configuration.instances.first?.family ?? .ipv4 }
}
