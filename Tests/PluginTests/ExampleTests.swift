/// Every example of the API that needs a world plays in one: nothing in the reference is only meant to look right.
///
/// Examples that need nothing of the world run in the tests of the script engine.
import Foundation
import PluginTesting
import Testing

@Suite struct ExampleTests {
    struct Example: Decodable, Sendable {
        var module: String
        var name: String
        var phase: String
        var text: String
    }

    /// The examples of the definition that do not run by themselves.
    private static func examples() throws -> [Example] {
        struct Noun: Decodable {
            struct Function: Decodable {
                var name: String
                var phase: String
                var example: String?
                var runs: Bool?
            }
            var module: String
            var functions: [Function]?
        }
        return try JSONDecoder().decode([Noun].self, from: APIDefinition.json()).flatMap { noun in
            (noun.functions ?? []).compactMap { function in
                guard let text = function.example, function.runs != true else { return nil }
                return Example(module: noun.module, name: function.name, phase: function.phase, text: text)
            }
        }
    }

    /// Whatever an example talks to is there and well.
    private static let world = #"""
        node.net:serve("127.0.0.1:25", function(client)
          client:send "220 ready\r\n"
          client:receive "*l"
        end)
        node.net:serve("mail.example.org:25", function(client)
          client:send "220 ready\r\n"
          if client:receive "*l" then client:send "220 go ahead\r\n" end
        end)
        node.net:accept "127.0.0.1:3306"
        node.net:accept "192.168.4.1:53"
        node.net:mysql("127.0.0.1:3306", { ["*"] = { { read_only = 0 } } })
        node.net:serve("/run/haproxy/admin.sock", function(client)
          client:receive "*l"
          client:send "Name: HAProxy\nUptime_sec: 12\n"
          client:close()
        end)
        node.net:udp("127.0.0.1:11211", "VERSION 1.6.18\r\n")
        node.net:http("http://127.0.0.1:8080/health", { status = 200 })
        node.net:http("https://hooks.example.org/*", { status = 200 })
        node.net:http("DELETE http://127.0.0.1:8500/v1/kv/lock", { status = 200 })
        node.net:mail "mail.example.org:25"
        node.net:dns("_consul._tcp.example.org", { { target = "node1.example.org", port = 8300 } })
        for _, path in ipairs { "arp.ping", "ndp.ping" } do node.net:answer(path, "02:00:00:00:00:01") end
        node.net:answer("icmp.ping", 0.001)
        node:process { name = "mysqld" }
        node:process { cmdline = "java io.mycat.MycatStartup" }
        """#

    /// For the example that takes a node out of service.
    private static let demoted = #"""
        t.wait_for(function() return node:instance().state == "FAULT" end, "20s")
        t.equal(node:log "sample.lua:", {})
        do return end
        """#

    /// A node with the example as its plugin, from BACKUP to MASTER, into a conflict, to BACKUP, and to its end.
    private func play(_ example: Example) -> Play {
        // What registers something belongs into the file itself.
        let atLoad = example.text.contains(/halua\.(check|on|during|gate|every|options)[ .({]/)
        let body =
            atLoad
            ? "\(example.text)\nlocal function run() return true end"
            : "local function run(ctx)\n\(example.text)\nend"
        let plugin = """
            local halua = require "halua"
            \(body)
            halua.check {
              name = "example", interval = "2s", timeout = "1s", fall = 1, rise = 1,
              run = function(ctx)
                local ok, why = run(ctx)
                return ok ~= false, why
              end,
            }
            """
        let gate = example.text.firstMatch(of: /gate\.promote \{\s+name = "(\w+)"/).map {
            "promotion_gate sample.\($0.1)"
        }
        let test = """
            local t = require "halua.test"
            t.case("example", function()
              local node = t.node { conf = [[
              lua_plugin sample { }
              vrrp_instance VI_1 {
                  interface eth0
                  virtual_router_id 51
                  priority 100
                  virtual_ipaddress {
                      192.0.2.1/24
                  }
                  track_lua {
                      sample.example weight 10
                  }
                  \(gate ?? "")
              }
              ]] }
              \(Self.world)
              node:hear_advert { priority = 90, from = "192.0.2.9" }
              \(example.name == "Instance:demote" ? Self.demoted : "")
              t.wait_for(function() return node:instance().state == "MASTER" end, "20s")
              t.advance "5s"
              t.equal(node:check "sample.example".state, "up", node:check "sample.example".reason)
              t.equal(node:instance().state, "MASTER")
              node:hear_advert { priority = 90, from = "192.0.2.9" }
              t.advance "1s"
              node:hear_advert { priority = 200, from = "192.0.2.9" }
              t.advance "2s"
              t.equal(node:instance().state, "BACKUP")
              t.advance "30s"
              node:stop()
              t.equal(node:log "sample.lua:", {})
            end)
            """
        return Play(test, plugin: plugin)
    }

    /// An example of a test is a case that passes, beside the configuration that it names.
    private func playTest(_ example: Example) -> (sum: TestSum, words: String) {
        final class Reporter: TestReporter {
            var words = ""
            func begins(file: String, cases: Int) {}
            func ended(_ result: CaseResult, of file: String) {
                guard let failure = result.failure else { return }
                words += "\(failure.message)\n\(failure.timeline.joined(separator: "\n"))\n"
            }
            func refused(file: String, _ message: String) { words += message }
        }
        let folder = FileManager.default.temporaryDirectory.appending(path: "halua-example-\(UUID().uuidString)")
        let plugins = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "plugins")
        let reporter = Reporter()
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let mail = "lua_plugin mail {\n server 192.0.2.25\n from halua@example.org\n to ops@example.org\n}"
            let conf = """
                global_defs {
                    lua_path \(plugins.path)
                }
                \(example.text.contains("mycat") ? "lua_plugin mycat { }" : "")
                \(example.text.contains("mail") ? mail : "")
                vrrp_instance VI_1 {
                    interface eth0
                    virtual_router_id 51
                    virtual_ipaddress {
                        192.0.2.1/24
                    }
                    \(example.text.contains("mycat") ? "track_lua { mycat.greeting }" : "")
                }
                """
            try conf.write(to: folder.appending(path: "halua.conf"), atomically: true, encoding: .utf8)
            let isWhole = example.text.contains("t.case")
            let text =
                isWhole
                ? example.text : "local t = require \"halua.test\"\nt.case('c', function()\n\(example.text)\nend)"
            try text.write(to: folder.appending(path: "example_test.lua"), atomically: true, encoding: .utf8)
            let plan = TestPlan(paths: [folder.path], limit: .seconds(20))
            return (TestRunner(plan, reporter: reporter).run(), reporter.words)
        } catch {
            return (TestSum(), "\(error)")
        }
    }

    @Test("every example of a test passes") func tests() throws {
        let examples = try Self.examples().filter { $0.module == "halua.test" }
        #expect(examples.count > 3)
        for example in examples {
            let (sum, words) = playTest(example)
            #expect(sum.passed == 1 && sum.failed + sum.refused == 0, "\(example.name): \(words)")
        }
    }

    @Test("every example of a plugin does what it says in a world that is well") func plugins() throws {
        let examples = try Self.examples().filter { $0.module == "halua" }
        #expect(examples.count > 30)
        for example in examples {
            let play = play(example)
            #expect(
                play.sum.passed == 1,
                "\(example.name): \(play.refusals) \(play.failure("example") ?? "")\n\(play.timeline("example"))")
        }
    }
}
