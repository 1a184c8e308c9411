/// Runs the text of a test file as `halua test` does, and keeps what came of it.
import Glibc
import PluginTesting
import Testing

final class Play {
    let results: [String: CaseResult]
    let refusals: [String]
    let sum: TestSum

    /// A plugin beside the test: one check of a TCP port and a hook.
    static let plugin = """
        local halua = require "halua"
        local opt = halua.options { port = 80 }
        halua.check {
          name = "port", interval = "1s", timeout = "500ms", fall = 3, rise = 2,
          run = function()
            local connection = assert(halua.tcp.connect { host = "127.0.0.1", port = opt.port })
            connection:close()
            return true
          end,
        }
        halua.on.change(function(ev) halua.log.info(ev.from .. " to " .. ev.to) end)
        """

    /// The beginning of most tests: `conf`, with the plugin's check.
    static let head = """
        local t = require "halua.test"
        local conf = [[
        lua_plugin sample {
            port 80
        }
        vrrp_instance VI_1 {
            interface eth0
            virtual_router_id 51
            priority 100
            virtual_ipaddress {
                192.0.2.1/24
            }
            track_lua {
                sample.port
            }
        }
        ]]

        """

    private let folder: String

    /// Writes the plugin and the test into a folder of their own, runs all cases, and removes the folder.
    init(_ text: String, plugin: String = Play.plugin, limit: Duration = .seconds(20)) {
        var template = Array("/tmp/halua-play-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in buffer.baseAddress.map { mkdtemp($0) } ?? nil }
        precondition(made != nil, "a temporary directory can be made")
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let files = [("sample.lua", plugin), ("sample_test.lua", text)]
        for (name, text) in files { Self.write("\(folder)/\(name)", text) }
        let collector = Collector()
        sum = TestRunner(TestPlan(paths: [folder], limit: limit), reporter: collector).run()
        results = collector.results
        refusals = collector.refusals
        for (name, _) in files { unlink("\(folder)/\(name)") }
        rmdir(folder)
    }

    private static func write(_ path: String, _ text: String) {
        let descriptor = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0o600)
        precondition(descriptor >= 0, "a temporary file can be written")
        var text = text
        _ = text.withUTF8 { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
    }

    private final class Collector: TestReporter {
        var results: [String: CaseResult] = [:]
        var refusals: [String] = []
        func begins(file: String, cases: Int) {}
        func ended(_ result: CaseResult, of file: String) { results[result.name] = result }
        func refused(file: String, _ message: String) { refusals.append(message) }
    }

    /// The message of a case that failed; nil when it passed or did not run.
    func failure(_ name: String = "c") -> String? { results[name]?.failure?.message }

    func timeline(_ name: String = "c") -> String { results[name]?.failure?.timeline.joined(separator: "\n") ?? "" }

    /// Runs one case that uses `conf`.
    static func one(_ body: String, plugin: String = Play.plugin) -> Play {
        Play(head + "t.case('c', function()\n\(body)\nend)\n", plugin: plugin)
    }
}
