/// Ten thousand rounds over the hostile plugins, after which nothing of them is left.
import Glibc
import Lab
import LinuxIO
import LuaHost
import Testing

@Suite(.serialized) struct HostileRounds {
    private static let rounds = 10_000

    /// What the process holds.
    private struct Holdings {
        var descriptors = Memory.descriptors
        var threads = Holdings.entries("/proc/self/task")
        var children = Holdings.entries("/proc/self/task").map { "/proc/self/task/\($0)/children" }
            .reduce(0) { $0 + ((try? FileReader.text($1))?.split(separator: " ").count ?? 0) }
        var resident = Memory.resident

        static func entries(_ path: String) -> [String] {
            guard let folder = opendir(path) else { return [] }
            defer { closedir(folder) }
            var names: [String] = []
            while let entry = readdir(folder) {
                let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                if !name.hasPrefix(".") { names.append(name) }
            }
            return names
        }

        /// Other tests of the process come and go meanwhile; what is left over in the end is ours.
        func isNoMore(than before: Holdings) -> Bool {
            descriptors <= before.descriptors && threads.count <= before.threads.count
                && children <= before.children && resident <= before.resident + 48 << 20
        }
    }

    @Test("ten thousand rounds leave no descriptor, no thread, no child and no memory behind")
    func tenThousand() throws {
        var limits = HostileBench.limits
        limits.computing = .milliseconds(2)
        limits.closing = .milliseconds(1)
        limits.memoryBytes = 2 << 20
        let bench = HostileBench(limits: limits)
        let cases = HostileCase.all.filter { $0.body != nil }
        let whole = cases.map(\.rounds).reduce(0, +)
        // The first rounds load libraries and let everything grow to its size.
        for plugin in cases { _ = bench.rounds(of: plugin, 1) }
        bench.clear()
        usleep(300_000)
        let before = Holdings()
        var done = 0
        for plugin in cases {
            let count = max(1, (plugin.rounds * Self.rounds + whole - 1) / whole)
            let kept = bench.rounds(of: plugin, count)
            #expect(kept != nil, "\(plugin.name) does not come to its end: \(bench.lastWords)")
            #expect(kept ?? 0 < 100, "\(plugin.name) keeps \(kept ?? 0) kB")
            done += count
        }
        bench.clear()
        #expect(done >= Self.rounds)
        var after = Holdings()
        for _ in 1...600 where !after.isNoMore(than: before) {
            usleep(100_000)
            after = Holdings()
        }
        #expect(after.isNoMore(than: before), "\(before) became \(after)")
    }
}
