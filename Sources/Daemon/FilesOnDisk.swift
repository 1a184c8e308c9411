/// The configuration's files as they lie on disk, and the default set when none is named.
import CLinux
import Glibc
import KeepalivedConf
import LinuxIO
import Wire

/// Reads for `KeepalivedConf`, which opens no file itself.
package struct FilesOnDisk: ConfigurationFiles {
    /// The largest configuration file; a larger one is a mistake (a log, a disk image) and would only waste memory.
    private static let largestFileBytes = 16 << 20

    package init() {}

    package func read(_ path: String) -> [UInt8]? {
        if path == defaultConfiguration { return readDefault() }
        return try? FileReader.bytes(path, limit: Self.largestFileBytes)
    }

    package func glob(_ pattern: String, relativeTo directory: String) -> [String] {
        let absolute = pattern.hasPrefix("/") ? pattern : directory + "/" + pattern
        var matches = glob_t()
        defer { globfree(&matches) }
        guard Glibc.glob(absolute, GLOB_BRACE, nil, &matches) == 0 else { return [] }
        return (0..<Int(matches.gl_pathc)).compactMap { matches.gl_pathv[$0].map { String(cString: $0) } }
    }

    package func isExecutable(_ path: String) -> Bool {
        var facts = stat()
        return stat(path, &facts) == 0 && facts.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH) != 0
    }

    /// Without -f: the main file, then the drop-ins in the order of their names.
    private func readDefault() -> [UInt8]? {
        let dropIns = glob("conf.d/*.conf", relativeTo: defaultDirectory)
        let main = defaultDirectory + "/halua.conf"
        var lines: [String] = []
        if access(main, F_OK) == 0 { lines.append("include \(main)") }
        if !dropIns.isEmpty { lines.append("include \(defaultDirectory)/conf.d/*.conf") }
        return lines.isEmpty ? nil : Array(lines.joined(separator: "\n").utf8)
    }
}

private let defaultDirectory = "/etc/halua"

/// Stands for "no file was named"; its content is made by `FilesOnDisk`.
package let defaultConfiguration = "/etc/halua/halua.conf and /etc/halua/conf.d/*.conf"

/// Read a configuration from disk, for this host as it is now.
package func loadFromDisk(file: String?, configurationID: String?, interfaces: [String: InterfaceFacts]?) -> LoadResult
{
    loadConfiguration(
        main: file ?? defaultConfiguration, files: FilesOnDisk(),
        context: contextOfThisHost(configurationID: configurationID, interfaces: interfaces))
}

/// What a configuration's meaning depends on besides its text, as it is here and now.
package func contextOfThisHost(configurationID: String?, interfaces: [String: InterfaceFacts]? = nil) -> LoadContext {
    var context = LoadContext(
        hostName: hostName(), configID: configurationID, environment: environment(),
        randomSeed: UInt64(getpid()), interfaces: interfaces)
    context.judgeCommand = { ScriptJudge.complaint(about: $0, $1) }
    context.readKeyFile = KeyFile.read
    return context
}

/// The host's name, as gethostname(2) gives it.
package func hostName() -> String {
    var buffer = [UInt8](repeating: 0, count: 256)
    let result = buffer.withUnsafeMutableBytes { bytes in
        bytes.withMemoryRebound(to: CChar.self) { $0.baseAddress.map { gethostname($0, 255) } ?? -1 }
    }
    return result == 0 ? String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self) : "localhost"
}

private func environment() -> [String: String] {
    var values: [String: String] = [:]
    var entry = Glibc.environ
    while let text = entry.pointee {
        let pair = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        if pair.count == 2 { values[String(pair[0])] = String(pair[1]) }
        entry += 1
    }
    return values
}
