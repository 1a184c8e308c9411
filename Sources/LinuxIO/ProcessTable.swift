/// The processes of this machine as /proc shows them (proc(5)).
import CLinux
import Glibc
import SystemPackage

/// One process at one moment.
package struct ProcessEntry: Hashable, Sendable {
    package var identifier: pid_t
    package var parent: pid_t
    /// The name the kernel knows it by: at most 15 octets of the file's name, unless the process renamed itself.
    package var name: String
    /// R, S, D, Z (ended, not yet collected), T …
    package var state: Character
    /// Ticks after boot when it started. Together with the identifier it names one process for ever.
    package var startTime: UInt64

    package init(identifier: pid_t, parent: pid_t, name: String, state: Character, startTime: UInt64) {
        self.identifier = identifier
        self.parent = parent
        self.name = name
        self.state = state
        self.startTime = startTime
    }

    package var isZombie: Bool { state == "Z" || state == "X" }
}

package enum ProcessTable {
    /// All processes of this PID namespace.
    ///
    /// Throws: ENOENT, EACCES (no /proc), EMFILE.
    package static func identifiers() throws(IOFailure) -> [pid_t] {
        guard let folder = opendir("/proc") else { throw IOFailure("opendir", .last, "/proc") }
        defer { closedir(folder) }
        var identifiers: [pid_t] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let identifier = pid_t(name) { identifiers.append(identifier) }
        }
        return identifiers
    }

    /// What a process is now; nil when it is gone or hidden.
    package static func entry(_ identifier: pid_t) -> ProcessEntry? {
        guard let bytes = try? FileReader.bytes("/proc/\(identifier)/stat", limit: 4096) else { return nil }
        return parse(stat: bytes)
    }

    /// Reads a line of /proc/PID/stat. The name may hold spaces and parentheses: it ends at the last ")".
    package static func parse(stat bytes: [UInt8]) -> ProcessEntry? {
        guard let open = bytes.firstIndex(of: UInt8(ascii: "(")), let close = bytes.lastIndex(of: UInt8(ascii: ")")),
            open < close
        else { return nil }
        let number = String(decoding: bytes[..<open], as: UTF8.self)
        let fields = bytes[(close + 1)...].split(separator: UInt8(ascii: " ")).map {
            String(decoding: $0, as: UTF8.self)
        }
        // After the name come state (field 3), ppid (4) … starttime (22).
        guard fields.count > 19, let identifier = pid_t(number.dropLast()), let state = fields[0].first,
            let parent = pid_t(fields[1]), let startTime = UInt64(fields[19])
        else { return nil }
        return ProcessEntry(
            identifier: identifier, parent: parent, name: String(decoding: bytes[(open + 1)..<close], as: UTF8.self),
            state: state, startTime: startTime)
    }

    /// The arguments of a process, each as it was given; empty for kernel threads and processes that are gone.
    ///
    /// They are separated by NUL octets, so "a b" as one argument differs from "a" and "b".
    package static func arguments(_ identifier: pid_t) -> [String] {
        guard let bytes = try? FileReader.bytes("/proc/\(identifier)/cmdline", limit: 2 * 1024 * 1024) else {
            return []
        }
        return split(arguments: bytes)
    }

    /// Splits NUL-terminated arguments; empty ones count.
    package static func split(arguments bytes: [UInt8]) -> [String] {
        let parts = bytes.split(separator: 0, omittingEmptySubsequences: false)
        let terminated = bytes.last == 0 ? parts.dropLast() : parts[...]
        return bytes.isEmpty ? [] : terminated.map { String(decoding: $0, as: UTF8.self) }
    }

    /// The file a process runs, nil for kernel threads and without the right to know. A replaced file ends in
    /// " (deleted)".
    package static func executable(_ identifier: pid_t) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
            guard let start = buffer.baseAddress else { return nil }
            let length = readlink("/proc/\(identifier)/exe", start, buffer.count)
            guard length > 0 else { return nil }
            return String(
                decoding: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<length]), as: UTF8.self)
        }
    }
}
