/// The processes of a node under test: started, stopped and ended by its test.
import LinuxIO

/// A process as a test describes it.
package struct ScriptedProcess: Hashable, Sendable {
    package var name: String
    package var arguments: [String]
    package var executable: String?
    package var workingDirectory: String?
    package var parent: Int32
    package var state: Character = "S"

    package init(
        name: String, arguments: [String], executable: String? = nil, workingDirectory: String? = nil, parent: Int32 = 1
    ) {
        self.name = name
        self.arguments = arguments
        self.executable = executable
        self.workingDirectory = workingDirectory
        self.parent = parent
    }
}

package final class ScriptedProcesses: ProcessView {
    private var processes: [Int32: (process: ScriptedProcess, started: UInt64)] = [:]
    private var listeners: [() -> Void] = []
    private var starts: UInt64 = 0
    /// Reads a pid file of the same world.
    var readFile: ((String) -> [UInt8]?)?

    package init() {}

    /// Starts a process; `identifier`: nil for the next free number. nil when the number is taken.
    package func start(_ process: ScriptedProcess, identifier: Int32? = nil) -> Int32? {
        let number = identifier ?? (processes.keys.max() ?? 999) + 1
        guard processes[number] == nil else { return nil }
        starts += 1
        processes[number] = (process, starts)
        tell()
        return number
    }

    /// Sets its state by the kernel's letter: T stopped, S sleeping, Z ended and not collected. False: no such process.
    package func setState(_ state: Character, of identifier: Int32) -> Bool {
        guard processes[identifier] != nil else { return false }
        processes[identifier]?.process.state = state
        tell()
        return true
    }

    package func remove(_ identifier: Int32) -> Bool {
        guard processes.removeValue(forKey: identifier) != nil else { return false }
        tell()
        return true
    }

    private func tell() {
        for listener in listeners { listener() }
    }

    // MARK: The plugins' side

    func identifiers() -> [Int32] { processes.keys.sorted() }

    func entry(_ identifier: Int32) -> ProcessEntry? {
        processes[identifier].map { process, started in
            // The kernel keeps 15 octets of a name.
            ProcessEntry(
                identifier: identifier, parent: process.parent, name: String(process.name.prefix(15)),
                state: process.state, startTime: started)
        }
    }

    func arguments(_ identifier: Int32) -> [String] { processes[identifier]?.process.arguments ?? [] }
    func executable(_ identifier: Int32) -> String? { processes[identifier]?.process.executable }
    func workingDirectory(_ identifier: Int32) -> String? { processes[identifier]?.process.workingDirectory }
    func pidFile(_ path: String) -> String? { readFile?(path).map { String(decoding: $0.prefix(64), as: UTF8.self) } }

    func observe(_ changed: @escaping () -> Void) -> Bool {
        listeners.append(changed)
        return true
    }
}
