/// The modules of one plugin: found by name, trusted like plugins, loaded once.
import LinuxIO
import SystemPackage

/// What `require` has found and loaded for a plugin.
struct Modules {
    /// The largest module file.
    static let largestFile = 256 * 1024

    /// The value of each loaded module, kept in the Lua state.
    var loaded: [String: Int32] = [:]
    /// The modules whose files run right now, the outermost first.
    var loading: [String] = []
    /// The path of each file, by the name that messages call it.
    private var paths: [String: String] = [:]

    func path(of chunk: String) -> String? { paths[chunk] }

    /// "halua.consul" → "halua/consul.lua", which is also what messages call it; nil when it is no name of a module.
    static func file(of name: String) -> String? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        let isFine = parts.allSatisfy { part in
            !part.isEmpty && part.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") }
        }
        return isFine && name.utf8.count <= 100 ? parts.joined(separator: "/") + ".lua" : nil
    }

    /// The text of a module's file, and its path. Throws a sentence for the script that asks.
    ///
    /// `isTest`: the plugin is tested, with no more rights than its writer has, so whoever owns the file is welcome.
    mutating func read(
        _ name: String, for spec: PluginSpec, isTest: Bool
    ) throws(ScriptFault) -> (text: [UInt8], path: String) {
        guard let file = Self.file(of: name) else {
            throw ScriptFault(
                "require: \"\(name)\" is no name of a module: letters, digits, _ and -, with dots between")
        }
        let beside = spec.path.split(separator: "/").dropLast().joined(separator: "/")
        let own = "/\(beside)/lib"
        let directories = [own] + spec.moduleDirectories.filter { $0 != own }
        for directory in directories {
            let path = "\(directory)/\(file)"
            guard let text = try Self.text(of: path, name) else { continue }
            if !isTest { try Self.checkTrust(path, name) }
            paths[file] = path
            return (text, path)
        }
        throw ScriptFault(
            "require: there is no module \"\(name)\": no \(file) in \(directories.joined(separator: ", "))")
    }

    /// nil when there is no such file.
    private static func text(of path: String, _ name: String) throws(ScriptFault) -> [UInt8]? {
        let text: [UInt8]
        do throws(IOFailure) {
            text = try FileReader.bytes(path, limit: largestFile)
        } catch {
            if error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory { return nil }
            throw ScriptFault("require: module \(name) cannot be read: \(error)")
        }
        return text
    }

    /// A module runs with the daemon's rights, like the plugin that asks for it.
    private static func checkTrust(_ path: String, _ name: String) throws(ScriptFault) {
        do throws(Distrust) {
            try FileTrust.check(path)
        } catch {
            throw ScriptFault("require: module \(name) is refused: \(error)")
        }
    }
}
