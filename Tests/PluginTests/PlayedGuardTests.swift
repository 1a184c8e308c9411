/// Tests of plugins that listen to the guard: what it finds out is played, and hooks hear of it.
import PluginTesting
import Testing

@Suite struct PlayedGuardTests {
    private static let plugin = """
        local halua = require "halua"
        halua.options { port = 80 }
        halua.on.guard(function(ev)
          halua.log.info(table.concat({ "guard", ev.kind, tostring(ev.alarm), ev.peer or "-", ev.mac or "-", ev.vip or "-",
            ev.reason or "-" }, " "))
        end)
        halua.check { name = "port", interval = "1s", run = function() return true end }
        """

    private func expectPassed(_ body: String, sourceLocation: SourceLocation = #_sourceLocation) {
        let play = Play.one(body, plugin: Self.plugin)
        #expect(play.failure() == nil, "\(play.timeline())", sourceLocation: sourceLocation)
        #expect(play.sum.passed == 1, "\(play.refusals)", sourceLocation: sourceLocation)
    }

    @Test("a backup that another virtual router's advert concerns tells on.guard why it waits")
    func held() {
        expectPassed(
            """
            local node = t.node { conf = conf, state = "BACKUP" }
            for _ = 1, 6 do
              node:hear_advert { from = "192.0.2.9", virtual_router_id = 99, priority = 90 }
              t.advance("1s")
            end
            t.contains(node:log(), "guard vrid_mismatch true 192.0.2.9 - - -")
            """)
    }

    @Test("an advert that only the guard sees is obeyed, and named as the firewall's")
    func firewall() {
        expectPassed(
            """
            local node = t.node { conf = conf, state = "BACKUP" }
            node:hear_advert { from = "192.0.2.9", priority = 250, dropped_by_firewall = true }
            t.advance(0)
            t.contains(node:log(), "guard local_firewall_drops_vrrp true 192.0.2.9 - - -")
            """)
    }

    @Test("a station that uses the address of a master is an alarm with its Ethernet address")
    func claim() {
        expectPassed(
            """
            local node = t.node { conf = conf, state = "MASTER" }
            t.advance("2s")
            node:hear_claim { mac = "02:00:00:00:00:07" }
            t.advance("200ms")
            t.contains(node:log(), "guard vip_claim true - 02:00:00:00:00:07 192.0.2.1 -")
            """)
    }
}
