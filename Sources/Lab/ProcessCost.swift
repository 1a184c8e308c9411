/// What a daemon costs its host: processor time and memory, over all of its processes.
import CLinux
import Glibc
import LinuxIO

package struct ProcessCost: Hashable, Sendable {
    /// User and system time of every thread.
    package var processorTime: Duration
    /// Resident memory in kibibytes; pages shared with other programs count in full.
    package var resident: Int
    /// Proportional memory in kibibytes: a page shared by n processes counts as one n-th.
    package var proportional: Int
    package var processes: Int

    /// Of a process and all its descendants at this moment.
    package init(of process: LabProcess) {
        let all = processTree(process.identifier)
        processorTime = all.reduce(.zero) { $0 + processorTimeUsed(by: $1) }
        let memory = all.map { readFile("/proc/\($0)/smaps_rollup") ?? "" }
        resident = memory.reduce(0) { $0 + kibibytes(of: "Rss:", in: $1) }
        proportional = memory.reduce(0) { $0 + kibibytes(of: "Pss:", in: $1) }
        processes = all.count
    }
}

/// A process and its descendants, parents first.
func processTree(_ process: pid_t) -> [pid_t] {
    let children = (readFile("/proc/\(process)/task/\(process)/children") ?? "").split(separator: " ")
    return [process] + children.compactMap { pid_t($0) }.flatMap(processTree)
}

/// In nanoseconds by the kernel's clock of that process (clock_getcpuclockid(3)); zero when it has ended.
private func processorTimeUsed(by process: pid_t) -> Duration {
    var clock = clockid_t()
    var time = timespec()
    guard clock_getcpuclockid(process, &clock) == 0, clock_gettime(clock, &time) == 0 else { return .zero }
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}

private func kibibytes(of key: String, in text: String) -> Int {
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(key) }) else { return 0 }
    return line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
}
