/// Promotion gates in tests of plugins: the real script answers the core's question, in played time.
import PluginTesting
import Testing

@Suite struct PlayedGateTests {
    private static let plugin = """
        local halua = require "halua"
        halua.gate.promote {
          name = "reach", timeout = "2s",
          run = function()
            local connection <close> = assert(halua.tcp.connect { host = "192.0.2.9", port = 53 })
            return connection ~= nil, { lease = "30s" }
          end,
        }
        """

    private func play(_ body: String) -> Play {
        let head = """
            local t = require "halua.test"
            local conf = [[
            lua_plugin sample
            vrrp_instance VI_1 {
                interface eth0
                virtual_router_id 51
                priority 100
                promotion_gate sample.reach
                virtual_ipaddress {
                    192.0.2.1/24
                }
            }
            ]]

            """
        return Play(head + "t.case('c', function()\n\(body)\nend)\n", plugin: Self.plugin)
    }

    @Test("a gate that fails keeps the node backup, and one that allows makes it master until its lease ends")
    func gate() {
        let play = play(
            """
            local node = t.node { conf = conf }
            node.net:refuse("192.0.2.9:53")
            t.advance("5s")
            t.equal(node:instance().state, "BACKUP")
            t.contains(node:log(), "gate sample.reach denies")
            node.net:accept("192.0.2.9:53")
            t.advance("5s")
            t.equal(node:instance().state, "MASTER")
            t.advance("30s")
            t.contains(node:log(), "the lease of gate sample.reach ran out")
            """)
        #expect(play.failure() == nil, "\(play.failure() ?? "")\n\(play.timeline())")
    }

    @Test("a gate that hangs is denied when its time is over")
    func hangs() {
        let play = play(
            """
            local node = t.node { conf = conf }
            node.net:hang("192.0.2.9:53")
            t.advance("6s")
            t.equal(node:instance().state, "BACKUP")
            t.contains(node:log(), "timed out after 2 s in tcp.connect (sample.lua:5)")
            """)
        #expect(play.failure() == nil, "\(play.failure() ?? "")\n\(play.timeline())")
    }
}
