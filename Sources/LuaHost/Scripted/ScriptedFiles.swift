/// The files of a node under test: there is none but those its test has written.

package final class ScriptedFiles {
    private var contents: [String: [UInt8]] = [:]
    private var listeners: [(String) -> Void] = []

    package init() {}

    package func write(_ path: String, _ bytes: [UInt8]) {
        contents[path] = bytes
        for listener in listeners { listener(path) }
    }

    /// False when there is no such file.
    package func remove(_ path: String) -> Bool {
        guard contents.removeValue(forKey: path) != nil else { return false }
        for listener in listeners { listener(path) }
        return true
    }

    package func read(_ path: String) -> [UInt8]? { contents[path] }

    /// Calls back with the path of each file that is written or removed.
    func observe(_ changed: @escaping (String) -> Void) { listeners.append(changed) }
}
