/// Ten thousand rounds of the Mycat plugin against a healthy server that is slow by chance: not one alarm.
import Foundation
import PluginTesting
import Testing

/// `HALUA_SEED=17` plays the delays of that seed; else they are new ones in each run.
@Suite struct MycatJitterTests {
    /// Plays so many greetings, and what the manager is asked meanwhile, with delays from 0 to `longest` seconds. Returns
    /// the failure, if there was one.
    private func play(_ checks: [String], rounds: Int, seed: UInt32, longest: Double) -> String? {
        let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
        let test = """
            local t = require "halua.test"
            local conf = [[
            global_defs {
                lua_path \(root)/plugins
            }
            lua_plugin mycat {
                user root
            }
            vrrp_instance VI_1 {
                interface eth0
                virtual_router_id 51
                priority 100
                advert_int 10
                virtual_ipaddress {
                    192.0.2.1/24
                }
                track_lua {
                    \(checks.map { "mycat.\($0)" }.joined(separator: "\n"))
                }
            }
            ]]
            t.case("jitter", function()
              local node = t.node { conf = conf, state = "MASTER" }
              node:process { cmdline = { "java", "io.mycat.MycatStartup" } }
              local state, longest, rounds = \(seed), 0, 0
              local function dawdle()
                -- The same delays for the same seed, whatever the Lua.
                state = (state * 1664525 + 1013904223) % 4294967296
                halua.sleep(state / 4294967296 * longest)
              end
              local body = "\\10" .. "5.6.29-mycat-1.6.7.6" .. "\\0" .. ("x"):rep(60)
              node.net:serve("127.0.0.1:8066", function(client)
                rounds = rounds + 1
                dawdle()
                client:send(string.pack("<I3 B", #body, 0) .. body)
                client:receive(5)
                client:close()
              end)
              node.net:mysql("127.0.0.1:9066", function(statement)
                dawdle()
                if statement == "show @@server" then return { { STATUS = "ON" } } end
                if statement == "show @@time.current" then return { { TIMESTAMP = math.floor(t.now() * 1000) } } end
                return {
                  {
                    DATANODE = "dn1", NAME = "hostM1", HOST = "127.0.0.1", PORT = 3306, ["W/R"] = "W", RS_CODE = 1,
                    RETRY = 0, STATUS = "idle", STOP = "false", LAST_ACTIVE_TIME = "" .. math.floor(t.now() / 10),
                  },
                }
              end)
              t.advance("50s")
              longest = \(longest)
              while rounds < \(rounds) do
                t.advance("100s")
                t.equal(node:states(), { "BACKUP", "MASTER" }, "after " .. rounds .. " rounds")
                t.equal(node:instance().priority, 100, "after " .. rounds .. " rounds")
                t.equal(node:log("of 3 failures"), {}, "after " .. rounds .. " rounds")
              end
            end)
            """
        let play = Play(test, limit: .seconds(300))
        return play.failure("jitter") ?? play.refusals.first
    }

    /// The plugin's `greeting_timeout`, and its `pause`: how long a Mycat may be silent. In seconds.
    private static let (timeout, pause) = (1.0, 3.0)
    private static let seed =
        ProcessInfo.processInfo.environment["HALUA_SEED"].flatMap { UInt32($0) } ?? .random(in: 1...(.max))

    @Test("10,000 greetings that take up to 80 % of their timeout are not one failure")
    func greetings() {
        let failure = play(["greeting"], rounds: 10_000, seed: Self.seed, longest: Self.timeout * 0.8)
        #expect(failure == nil, "play it again with HALUA_SEED=\(Self.seed)")
    }

    @Test("pauses of up to 80 % of what is allowed are not one failure, in no level")
    func pauses() {
        let failure = play(
            ["process", "greeting", "manager", "backends"], rounds: 500, seed: Self.seed, longest: Self.pause * 0.8)
        #expect(failure == nil, "play it again with HALUA_SEED=\(Self.seed)")
    }

    @Test(
        "up to 120 % of what is allowed is noticed in each level: the rounds above can fail",
        arguments: ["greeting", "manager"])
    func tooSlow(_ check: String) {
        let failure = play([check], rounds: 1_000, seed: 1, longest: Self.pause * 1.2)
        #expect(failure?.contains("\"FAULT\"") == true)
    }
}
