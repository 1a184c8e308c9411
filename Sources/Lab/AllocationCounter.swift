/// How often a daemon's main thread asks for memory, read from outside while it runs.
import Glibc

/// A file that the preloaded library libAllocationCounter.so counts into, and the program that loads it.
///
/// The library's header, CAllocationCounter.h, describes the file. It is not linked here: it would count this program.
package final class AllocationCounter: Sendable {
    /// What a program must be started with to be counted.
    package let environment: [String]
    private let file: Descriptor
    private static let recordedCalls = 8
    private static let recordedFrames = 24

    /// `library`: the path of libAllocationCounter.so. `path`: of a file that this makes.
    package init(library: String, countingInto path: String) throws(LabError) {
        environment = ["LD_PRELOAD=\(library)", "HALUA_ALLOCATION_COUNTER=\(path)"]
        file = try Descriptor("open", detail: path) { open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644) }
        try file.write([UInt8](repeating: 0, count: 8 * (1 + Self.recordedCalls * Self.recordedFrames)))
    }

    /// Sets the count to zero, and the next calls are recorded with their callers.
    package func reset() {
        var zero: UInt64 = 0
        let written = pwrite(file.number, &zero, 8, 0)
        precondition(written == 8, "the counter's file is there as long as its descriptor")
    }

    /// Allocations by the main thread since the start or the last `reset`.
    package var count: Int { Int(word(0)) }

    /// The return addresses of the first calls since `reset`, innermost first, as the running program numbers them.
    var callers: [[UInt64]] {
        (0..<min(count, Self.recordedCalls)).map { call in
            let first = 1 + call * Self.recordedFrames
            return (first..<first + Self.recordedFrames).map(word).filter { $0 != 0 }
        }
    }

    /// Commands that name the callers: where the program's own code asked, for each recorded call.
    package func explanation(of process: LabProcess, program: String) -> String {
        let maps = (readFile("/proc/\(process.identifier)/maps") ?? "").split(separator: "\n")
        let ranges = maps.filter { $0.hasSuffix(realPath(program) ?? program) }.compactMap { line in
            let ends = line.prefix { $0 != " " }.split(separator: "-").compactMap { UInt64($0, radix: 16) }
            return ends.count == 2 ? (ends[0], ends[1]) : nil
        }
        guard let base = ranges.first?.0, let end = ranges.last?.1 else { return "" }
        return callers.map { row in
            let own = row.filter { $0 >= base && $0 < end }.map { " 0x" + String($0 - base - 1, radix: 16) }
            return "addr2line -Cfpie \(program)\(own.joined())\n"
        }.joined()
    }

    private func word(_ index: Int) -> UInt64 {
        var value: UInt64 = 0
        let count = pread(file.number, &value, 8, index * 8)
        precondition(count == 8, "the counter's file holds every word of it")
        return value
    }
}

extension LabPrograms {
    /// The library that counts allocations, which a build puts beside the tool; nil when it is not there.
    package var allocationCounter: String? {
        let folder = halua.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let path = folder + "/libAllocationCounter.so"
        return access(path, R_OK) == 0 ? path : nil
    }
}
