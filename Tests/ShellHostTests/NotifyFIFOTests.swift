/// The notify FIFO: who reads it, who does not, and what must not be written to.
import Glibc
import LinuxIO
import Testing

@testable import ShellHost

@Suite struct NotifyFIFOTests {
    let bench: ShellBench

    init() throws { bench = try ShellBench() }

    private var path: String { bench.folder + "/fifo" }

    private func start(reader: ShellCommand? = nil) {
        var plan = ShellPlan()
        plan.fifos = [ShellFIFO(path: path, reader: reader)]
        bench.send(.apply(plan))
    }

    @Test("lines arrive whole and in order, those too that were written before somebody read")
    func lines() throws {
        start()
        for number in 0..<100 { bench.send(.line("INSTANCE \"VI_1\" MASTER \(number)")) }
        let reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        try #require(reader >= 0)
        defer { close(reader) }
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = read(reader, &buffer, buffer.count)
        let text = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        #expect(text == (0..<100).map { "INSTANCE \"VI_1\" MASTER \($0)\n" }.joined())
    }

    @Test("what nobody reads is lost after a while, counted and said, and nobody waits for it")
    func lost() throws {
        start()
        let line = String(repeating: "x", count: 1000)
        for _ in 0..<200 { bench.send(.line(line)) }
        #expect(bench.logs.count == 1)
        #expect(bench.logs.first?.contains("lines are lost") == true)
        let reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        try #require(reader >= 0)
        defer { close(reader) }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        _ = read(reader, &buffer, buffer.count)
        bench.send(.line("again"))
        #expect(bench.logs.last?.contains("is read again;") == true)
        // The pipe holds 64 KiB.
        let count = try #require(bench.losses[.fifo(path)])
        #expect(count > 100 && bench.logs.last?.contains("\(count) lines were lost") == true)
    }

    @Test("the reader gets the path as its last word and starts again when it has died")
    func reader() {
        let body = """
            echo started $2 >> \(bench.folder)/log
            read -r line < "$2"
            echo "$line" >> \(bench.folder)/log
            """
        var command = bench.script("reader", body)
        command.arguments.append("own")
        start(reader: command)
        bench.send(.line("one"))
        #expect(bench.wait { bench.lines("log").count == 2 })
        bench.send(.line("two"))
        #expect(bench.wait { bench.lines("log").count == 4 })
        #expect(bench.lines("log") == ["started \(path)", "one", "started \(path)", "two"])
        #expect(bench.logs.contains { $0.contains("its reader has ended (exit status 0) and starts again in 1 s") })
    }

    @Test("at stop the pipe goes, what was written is read, and a reader that stays is ended")
    func stop() {
        let body = """
            exec 3< "$1"
            echo open > \(bench.folder)/ready
            while read -r line <&3; do echo "$line" >> \(bench.folder)/log; done
            sleep 60
            """
        start(reader: bench.script("reader", body))
        #expect(bench.wait { !bench.lines("ready").isEmpty })
        bench.send(.line("STOP"))
        bench.send(.stop(within: .seconds(1)))
        #expect(bench.wait { bench.lines("log") == ["STOP"] })
        #expect(access(path, F_OK) != 0)
        #expect(bench.wait { bench.isStopped })
    }

    @Test("a file that stands in the way is not written to")
    func plainFile() {
        bench.script("fifo", "content")
        start()
        bench.send(.line("x"))
        #expect(bench.text("fifo") == "#!/bin/sh\ncontent\n")
        #expect(bench.logs.first?.contains("which is no named pipe") == true)
    }

    @Test("a pipe that was there already stays there")
    func foreign() {
        mkfifo(path, 0o600)
        start()
        bench.send(.apply(ShellPlan()))
        #expect(access(path, F_OK) == 0)
    }
}
