/// Finds plugin files, and refuses those that somebody other than root could have changed.
import LinuxIO
import SystemPackage

/// Finds the file of a plugin by its name in a list of directories.
package struct PluginLoader: Sendable {
    /// Searched in order; the first that has the file wins.
    package var directories: [String]

    /// False for the tests of a plugin, which run with no more rights than their writer has.
    package var checksTrust: Bool

    package init(directories: [String], checksTrust: Bool = true) {
        self.directories = directories
        self.checksTrust = checksTrust
    }

    /// The path of `name`.lua; a name that begins with a slash is the path of a file already.
    ///
    /// `file`, `line`: where the name stands, for the message. Throws when there is no such file, or when the file or
    /// a directory above it belongs to somebody else than root and this process's user, or others may write to it.
    package func find(_ name: String, file: String = "", line: Int = 0) throws(LoadFailure) -> String {
        let candidates = name.hasPrefix("/") ? [name] : directories.map { "\($0)/\(name).lua" }
        guard name.hasPrefix("/") || !name.contains("/") else {
            throw LoadFailure(
                message: "\"\(name)\" is neither the name of a plugin nor a path that begins with /", file: file,
                line: line)
        }
        guard let path = candidates.first(where: exists) else {
            let searched = name.hasPrefix("/") ? name : "\(name).lua in \(directories.joined(separator: ", "))"
            throw LoadFailure(
                message: "there is no plugin \(searched); lua_path in global_defs names other directories", file: file,
                line: line)
        }
        do throws(Distrust) {
            if checksTrust { try FileTrust.check(path) }
        } catch {
            throw LoadFailure(message: "plugin \(name) is refused: \(error)", file: file, line: line)
        }
        return path
    }

    /// Whether there is something; a file that is there but cannot be trusted must not let a later directory win.
    private func exists(_ path: String) -> Bool {
        do throws(IOFailure) {
            _ = try FileReader.bytes(path, limit: 0)
            return true
        } catch {
            return error.errno != .noSuchFileOrDirectory && error.errno != .notDirectory
        }
    }
}
