/// The files of a node under test: there is none but those its test has written.

package final class ScriptedFiles {
    private var contents: [String: (bytes: [UInt8], written: Int64)] = [:]
    private var listeners: [(String) -> Void] = []

    package init() {}

    /// `now`: nanoseconds since 1970.
    package func write(_ path: String, _ bytes: [UInt8], now: Int64) {
        contents[path] = (bytes, now)
        for listener in listeners { listener(path) }
    }

    /// False when there is no such file.
    package func remove(_ path: String) -> Bool {
        guard contents.removeValue(forKey: path) != nil else { return false }
        for listener in listeners { listener(path) }
        return true
    }

    package func read(_ path: String) -> [UInt8]? { contents[path]?.bytes }

    /// When it was written last, in nanoseconds since 1970.
    func written(_ path: String) -> Int64? { contents[path]?.written }

    /// Calls back with the path of each file that is written or removed.
    func observe(_ changed: @escaping (String) -> Void) { listeners.append(changed) }
}
