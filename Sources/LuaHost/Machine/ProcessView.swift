/// Where processes are looked for: the kernel's table, or the one that a plugin's test describes.
import LinuxIO

/// The processes of one machine.
protocol ProcessView: AnyObject {
    func identifiers() -> [Int32]
    /// nil when there is no such process.
    func entry(_ identifier: Int32) -> ProcessEntry?
    func arguments(_ identifier: Int32) -> [String]
    func executable(_ identifier: Int32) -> String?
    func workingDirectory(_ identifier: Int32) -> String?
    /// The beginning of a pid file; nil when it cannot be read.
    func pidFile(_ path: String) -> String?
    /// Calls back whenever a process comes or goes. False: it cannot, and the kernel's notices must be asked for.
    func observe(_ changed: @escaping () -> Void) -> Bool
}

/// The machine's own processes.
final class KernelProcesses: ProcessView, Sendable {
    static let shared = KernelProcesses()

    func identifiers() -> [Int32] { (try? ProcessTable.identifiers()) ?? [] }
    func entry(_ identifier: Int32) -> ProcessEntry? { ProcessTable.entry(identifier) }
    func arguments(_ identifier: Int32) -> [String] { ProcessTable.arguments(identifier) }
    func executable(_ identifier: Int32) -> String? { ProcessTable.executable(identifier) }
    func workingDirectory(_ identifier: Int32) -> String? { ProcessTable.workingDirectory(identifier) }
    func pidFile(_ path: String) -> String? { try? FileReader.text(path, limit: 64) }
    func observe(_ changed: @escaping () -> Void) -> Bool { false }
}
