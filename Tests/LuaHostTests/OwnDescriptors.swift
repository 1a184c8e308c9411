/// A thread with a table of descriptors of its own: what is opened there can be counted, whatever other tests do.
import Glibc
import LinuxIO
import Testing

enum OwnDescriptors {
    /// CLOSE_RANGE_UNSHARE (close_range(2))
    private static let unshare: Int32 = 1 << 1

    /// Runs a body on such a thread, which the threads that it starts share the table with. Whatever the body opens it
    /// must close. What it throws is thrown; an expectation in it would belong to no test.
    static func run(_ body: @escaping @Sendable () throws -> Void) throws {
        let failure = Lock<String?>(nil)
        let thread = try Thread.start(name: "own-table", stackSize: 4 << 20) {
            let isAlone = close_range(3, .max, unshare) == 0
            do {
                try #require(isAlone)
                try body()
            } catch {
                failure.withLock { $0 = "\(error)" }
            }
        }
        thread.join()
        let result = failure.withLock { $0 }
        #expect(result == nil)
    }

    /// All descriptors of this thread's table, but for the one that reads it.
    static var count: Int {
        guard let folder = opendir("/proc/thread-self/fd") else { return -1 }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        return count - 3
    }

    /// What they are, for the message of a test that finds too many.
    static var list: [String] {
        (3..<1_024).compactMap { number in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
                guard let start = buffer.baseAddress else { return nil }
                let length = readlink("/proc/thread-self/fd/\(number)", start, 255)
                guard length > 0 else { return nil }
                buffer[length] = 0
                return "\(number) \(String(cString: start))"
            }
        }
    }

    /// The count, once what others close in a moment is closed; two seconds are waited for that.
    static func settled(at most: Int) -> Int {
        for _ in 1...200 where count > most { usleep(10_000) }
        return count
    }
}
