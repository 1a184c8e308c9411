/// `halua run-check`: one check for real, in the foreground, with a trace of its waits.
import Glibc
import LuaHost
import PluginTesting
import Testing

@Suite struct ForegroundCheckTests {
    /// A plugin's file that goes away with the object.
    private final class File {
        let path: String

        init(_ text: String) {
            var template = Array("/tmp/halua-run-XXXXXX.lua".utf8CString)
            let descriptor = template.withUnsafeMutableBufferPointer { buffer in
                buffer.baseAddress.map { mkstemps($0, 4) } ?? -1
            }
            precondition(descriptor >= 0, "a temporary file can be written")
            var text = text
            _ = text.withUTF8 { write(descriptor, $0.baseAddress, $0.count) }
            close(descriptor)
            path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }

        deinit { unlink(path) }
    }

    private final class Listener: RunListener {
        var runs: [CheckRun] = []
        var notes: [String] = []
        var wanted = 1

        func logged(_ level: LogLevel, plugin: String, _ message: String, _ fields: [LogField]) {
            notes.append(message)
        }
        func asked(_ sentence: String) { notes.append(sentence) }
        func ended(_ run: CheckRun) -> Bool {
            runs.append(run)
            return runs.count < wanted
        }
    }

    private func run(_ text: String, check: String? = nil, times: Int = 1) throws -> Listener {
        let file = File(text)
        let listener = Listener()
        listener.wanted = times
        try ForegroundCheck(file: file.path, check: check, options: [("port", "1")]).run(listener)
        return listener
    }

    @Test("the waits of a run are shown with function, line and span, those of its tasks too") func waits() throws {
        let listener = try run(
            """
            halua.options{port=80}
            halua.check{name='c', interval='1s', run=function()
              halua.sleep('30ms')
              local task = halua.spawn(function()
                halua.sleep('20ms')
              end)
              task:join()
              halua.log.info('well')
              return true
            end}
            """)
        let run = try #require(listener.runs.first)
        #expect(run.result == .passed)
        #expect(run.took >= .milliseconds(50))
        #expect(run.computed > .zero && run.computed < .milliseconds(50))
        #expect(run.waits.map(\.function) == ["sleep", "join", "sleep"])
        #expect(run.waits.allSatisfy { $0.place.contains(".lua:") && $0.lasted >= .milliseconds(19) })
        #expect(listener.notes == ["well"])
    }

    @Test("failed and broken runs are told apart, and a run's requests are only told") func outcomes() throws {
        let failed = try run(
            """
            halua.options{port=80}
            halua.check{name='c', interval='20ms', timeout='1s', run=function()
              assert(halua.tcp.connect{host='127.0.0.1', port=1})
            end}
            """, times: 3)
        #expect(failed.runs.count == 3)
        for run in failed.runs {
            guard case .failed(let reason) = run.result else {
                Issue.record("\(run.result)")
                continue
            }
            #expect(reason.hasPrefix("connect to 127.0.0.1:1: connection refused"))
        }
        let broken = try run("halua.options{port=80}\nhalua.check{name='c', run=function() return nil + 1 end}")
        guard case .broken(let message)? = broken.runs.first?.result else {
            Issue.record("\(broken.runs)")
            return
        }
        #expect(
            message.contains(".lua:2: attempt to perform arithmetic on a nil value") && message.contains("traceback"))
    }

    @Test("what cannot be run is said in a sentence") func refusals() {
        let two = File("halua.options{port=1} for _, n in ipairs{'a', 'b'} do halua.check{name=n, run=print} end")
        #expect(throws: TestComplaint("\(two.path) has several checks: a, b")) {
            _ = try ForegroundCheck(file: two.path, check: nil, options: [])
        }
        let plugin = two.path.split(separator: "/").last?.dropLast(4) ?? ""
        #expect(throws: TestComplaint("there is no check \(plugin).c; there are: \(plugin).a, \(plugin).b")) {
            _ = try ForegroundCheck(file: two.path, check: "c", options: [])
        }
        #expect(throws: TestComplaint("--option: plugin \(plugin) has no option \"prot\" (did you mean \"port\"?)")) {
            _ = try ForegroundCheck(file: two.path, check: "a", options: [("prot", "1")])
        }
    }
}
