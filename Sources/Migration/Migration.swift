/// What `halua migrate` finds out about an installation of keepalived: what runs as it is, what differs, what is ignored,
/// and which shell checks Lua can do.
import KeepalivedConf

/// An installation as it lies on a host; whoever fills this in reads the files.
package struct Installation {
    package var mainFile: String
    package var files: any ConfigurationFiles
    package var context: LoadContext
    /// The text of a script.
    package var readScript: CheckJudge.ScriptReader
    /// "Keepalived v2.2.7 (01/16,2022)"; nil: none is installed.
    package var version: String?
    /// keepalived's flags as the service starts it, and what halua says of them; nil: not known.
    package var flags: (words: [String], source: String, notes: [String])?

    package init(
        mainFile: String, files: any ConfigurationFiles, context: LoadContext,
        readScript: @escaping CheckJudge.ScriptReader
    ) {
        self.mainFile = mainFile
        self.files = files
        self.context = context
        self.readScript = readScript
    }
}

/// How the two daemons compare for one installation.
package struct Migration {
    /// One `vrrp_script` and what may take its place.
    package struct Check: Hashable, Sendable {
        package var script: ScriptSettings
        package var judgement: Judgement
    }

    package let installation: Installation
    /// In the order in which they were read.
    package let readFiles: [String]
    package let configuration: Configuration?
    /// What keeps halua from starting with this file.
    package let refused: [Diagnostic]
    /// Warnings about what halua does not do.
    package let ignored: [Diagnostic]
    /// All other warnings.
    package let differing: [Diagnostic]
    package let checks: [Check]
    package let scriptsThatStopKeepalived: [String]
    /// Keywords of `global_defs` that are written.
    let globals: Set<String>

    package init(_ installation: Installation) {
        self.installation = installation
        let files = RecordingFiles(installation.files)
        let result = loadConfiguration(main: installation.mainFile, files: files, context: installation.context)
        readFiles = files.names
        configuration = result.configuration
        refused = result.diagnostics.filter { $0.severity == .error }
        let warnings = result.diagnostics.filter { $0.severity == .warning }
        ignored = warnings.filter(\.isAboutWhatIsIgnored)
        differing = warnings.filter { !$0.isAboutWhatIsIgnored }
        let judge = CheckJudge(readScript: installation.readScript)
        checks = (configuration?.scripts ?? []).map { Check(script: $0, judgement: judge.judge($0.command.words)) }
        let commands = configuration?.commands ?? []
        scriptsThatStopKeepalived = commands.compactMap { purpose, command in
            let text = command.words.joined(separator: " ") + "\n" + (installation.readScript(command.words[0]) ?? "")
            return Self.stopsKeepalived(text) ? purpose : nil
        }
        let bytes = installation.files.read(installation.mainFile) ?? []
        let tree = configurationTree(
            SourceText(name: installation.mainFile, bytes: bytes), files: installation.files,
            context: installation.context)
        globals = Set(
            tree.nodes.filter { $0.keyword.text == "global_defs" }.flatMap { $0.children ?? [] }.map(\.keyword.text))
    }

    /// For scripts: 0 runs the same, 1 something is ignored or differs, 2 refused, 3 the file can't be read.
    package var exitStatus: Int32 {
        guard installation.files.read(installation.mainFile) != nil else { return 3 }
        if !refused.isEmpty { return 2 }
        let flagsDiffer = !(installation.flags?.notes.isEmpty ?? true)
        let isTheSame = ignored.isEmpty && differing.isEmpty && scriptsThatStopKeepalived.isEmpty && !flagsDiffer
        return isTheSame ? 0 : 1
    }

    private static func stopsKeepalived(_ text: String) -> Bool {
        text.split(whereSeparator: \.isNewline).contains { line in
            guard line.contains("keepalived"), !line.drop(while: { $0 == " " || $0 == "\t" }).hasPrefix("#") else {
                return false
            }
            return ["kill", "stop", "systemctl restart", "service keepalived"].contains { line.contains($0) }
        }
    }
}

extension Diagnostic {
    /// The loader's two sentences about keywords that have no effect here.
    fileprivate var isAboutWhatIsIgnored: Bool {
        message.hasPrefix("\"") && (message.contains("\" is ignored: ") || message.contains("\" has no effect: "))
    }
}

/// Notes which files are read.
private final class RecordingFiles: ConfigurationFiles {
    private let files: any ConfigurationFiles
    private(set) var names: [String] = []

    init(_ files: any ConfigurationFiles) { self.files = files }

    func read(_ path: String) -> [UInt8]? {
        let bytes = files.read(path)
        if bytes != nil, !names.contains(path) { names.append(path) }
        return bytes
    }

    func glob(_ pattern: String, relativeTo directory: String) -> [String] {
        files.glob(pattern, relativeTo: directory)
    }

    func isExecutable(_ path: String) -> Bool { files.isExecutable(path) }
}
