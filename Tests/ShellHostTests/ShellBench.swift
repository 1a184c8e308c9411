/// A shell thread without the thread: the same objects on a loop that the test turns.
import Glibc
import LinuxIO
import Testing

@testable import ShellHost

final class ShellBench {
    let loop: EventLoop
    let folder: String
    private let thread: ShellThread
    private let heard = Heard()

    final class Heard {
        var messages: [FromShell] = []
    }

    init() throws {
        Signals.ignoreBrokenPipes()
        loop = try EventLoop()
        var template = Array("/tmp/halua-shell-XXXXXX".utf8CString)
        _ = mkdtemp(&template)
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // A script of another user is to write into it.
        chmod(folder, 0o777)
        let heard = heard
        thread = ShellThread(loop: loop) { heard.messages.append($0) }
    }

    deinit {
        thread.receive(.stop(within: .zero))
        let end = Clock.monotonic + 2_000_000_000
        while !isStopped, Clock.monotonic < end { loop.turn(maximumWait: .milliseconds(10)) }
        for name in names(in: folder) { unlink("\(folder)/\(name)") }
        rmdir(folder)
    }

    /// The thread has nothing left to wait for.
    var isStopped: Bool { thread.isStopped }

    func send(_ message: ToShell) { thread.receive(message) }

    /// Turns until the condition holds; false when it did not within half a minute, which is a failure.
    func wait(until condition: () -> Bool) -> Bool {
        let end = Clock.monotonic + 30_000_000_000
        while !condition() {
            if Clock.monotonic > end { return false }
            loop.turn(maximumWait: .milliseconds(5))
        }
        return true
    }

    /// Turns for a while.
    func pass(_ span: Duration) {
        let end = Clock.monotonic + span.wholeNanoseconds
        while Clock.monotonic < end { loop.turn(maximumWait: .milliseconds(2)) }
    }

    /// A program in the test's folder.
    @discardableResult
    func script(_ name: String, _ body: String, head: String = "#!/bin/sh\n", mode: mode_t = 0o755) -> ShellCommand {
        let path = "\(folder)/\(name)"
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o755)
        let text = Array((head + body + "\n").utf8)
        _ = write(file, text, text.count)
        close(file)
        chmod(path, mode)
        return ShellCommand([path])
    }

    func text(_ name: String) -> String { (try? FileReader.text("\(folder)/\(name)")) ?? "" }

    func lines(_ name: String) -> [String] { text(name).split(separator: "\n").map(String.init) }

    var results: [ShellCheckResult] {
        heard.messages.compactMap { if case .checkResult(_, let result, _) = $0 { result } else { nil } }
    }

    var logs: [String] {
        heard.messages.compactMap { if case .log(_, let text) = $0 { text } else { nil } }
    }

    /// What was lost, summed up.
    var losses: [ShellQueue: Int] {
        heard.messages.reduce(into: [:]) { sums, message in
            if case .lost(let queue, let count) = message { sums[queue, default: 0] += count }
        }
    }

    var hasEndedOnce: Bool {
        heard.messages.contains { if case .onceEnded = $0 { true } else { false } }
    }

    private func names(in folder: String) -> [String] {
        guard let handle = opendir(folder) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
