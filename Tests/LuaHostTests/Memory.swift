/// What the test process itself holds: memory and descriptors, for tests that look for leaks.
import Glibc
import LinuxIO

enum Memory {
    /// Octets of anonymous memory that are resident.
    static var resident: Int {
        guard let text = try? FileReader.text("/proc/self/status") else { return 0 }
        let line = text.split(separator: "\n").first { $0.hasPrefix("RssAnon:") } ?? ""
        return (line.split(separator: " ").dropLast().last.flatMap { Int($0) } ?? 0) * 1024
    }

    /// How many descriptors are open.
    static var descriptors: Int {
        guard let folder = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        return count
    }
}
