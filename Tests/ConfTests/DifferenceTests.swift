/// What a reload does about a change: nothing, in place, or as if the instance were another one.
import KeepalivedConf
import Testing

@Suite struct DifferenceTests {
    private func steps(_ old: String, _ new: String) throws -> [ReloadStep] {
        let before = load(old)
        let after = load(new)
        return Difference(
            from: try #require(before.configuration, "\(rendered(before))"),
            to: try #require(after.configuration, "\(rendered(after))")
        ).steps
    }

    @Test("comments, blank lines and order of words change nothing")
    func nothing() throws {
        #expect(try steps(instance(), "# a comment\n\n\n" + instance()) == [])
    }

    @Test("a priority changes in place, with both values")
    func inPlace() throws {
        let new = instance().replacing("priority 200", with: "priority 150")
        #expect(try steps(instance(), new) == [.updateInstance(name: "VI_1", changes: ["priority 200 → 150"])])
    }

    @Test(
        "what peers know an instance by needs a restart",
        arguments: [
            ("virtual_router_id 196", "virtual_router_id 197", "virtual_router_id 196 → 197"),
            ("interface eth0", "interface eth1", "interface eth0 → eth1"),
            ("priority 200", "priority 200\nversion 3", "version 2 → 3"),
            ("priority 200", "priority 200\nunicast_peer {\n192.168.4.7\n}", "unicast false → true"),
            ("priority 200", "priority 200\nmcast_src_ip 192.168.4.7", "source address none → 192.168.4.7"),
        ])
    func restart(old: String, new: String, reason: String) throws {
        let changed = instance().replacing(old, with: new)
        #expect(try steps(instance(), changed) == [.restartInstance(name: "VI_1", reasons: [reason])])
    }

    @Test("what frees addresses comes before what claims them")
    func order() throws {
        let old = instance() + instance(name: "VI_2", id: 7, address: "10.0.0.1/24")
        let new = instance(name: "VI_3", id: 196) + instance(name: "VI_2", id: 8, address: "10.0.0.1/24")
        let taken = try steps(old, new)
        #expect(
            taken == [
                .removeInstance(name: "VI_1"), .restartInstance(name: "VI_2", reasons: ["virtual_router_id 7 → 8"]),
                .addInstance(name: "VI_3"),
            ])
    }

    @Test("a new password is told without its text")
    func password() throws {
        let block = "authentication {\nauth_type PASS\nauth_pass 1111\n}"
        let changed = try steps(instance(block), instance(block.replacing("1111", with: "2222")))
        #expect(changed == [.updateInstance(name: "VI_1", changes: ["authentication"])])
    }

    @Test("other promotion gates change the instance in place; the same ones on another line change nothing")
    func gates() throws {
        let plugin = "lua_plugin w\n"
        let gated = plugin + instance("promotion_gate w.a")
        #expect(
            try steps(plugin + instance(), gated)
                == [.updateInstance(name: "VI_1", changes: ["promotion_gate"])])
        #expect(try steps(gated, plugin + instance("\npromotion_gate w.a")) == [])
    }

    @Test("a guard that changes is told word by word, wherever the word stands, and its key is not shown")
    func guards() throws {
        let global = "global_defs {\nguard {\nhold_max 5\nkey 0123456789abcdef\n}\n}\n"
        let changes = ["guard hold_max 5 s → 7.5 s", "guard key"]
        let other = global.replacing("max 5", with: "max 7500ms").replacing("abcdef", with: "fedcba")
        #expect(try steps(global + instance(), other + instance()) == [.updateInstance(name: "VI_1", changes: changes)])
        // The instance has words of its own, so the other defaults change nothing.
        let own = instance("guard {\nhold_max 2\nkey fedcba9876543210\n}")
        #expect(try steps(global + own, other + own) == [])
        #expect(
            try steps(instance(), instance("guard off"))
                == [.updateInstance(name: "VI_1", changes: ["guard true → false"])])
    }

    @Test("another port of the guard channel is a global matter")
    func guardPort() throws {
        let steps = try steps(instance(), "global_defs {\nguard {\nport 4000\n}\n}\n" + instance())
        #expect(steps == [.updateGlobalSettings(changes: ["guard port 3768 → 4000"])])
    }

    @Test("options of a plugin and limits of Lua mean a new generation of scripts and nothing else")
    func scripts() throws {
        let plugin = "lua_plugin mycat {\n port 8066\n}\n"
        #expect(try steps(plugin + instance(), plugin.replacing("8066", with: "8067") + instance()) == [.reloadScripts])
        let limit = "global_defs {\nlua_memory_limit 32M\n}\n"
        #expect(try steps(instance(), limit + instance()) == [.reloadScripts])
    }

    @Test("groups, processes and global settings are told by name")
    func others() throws {
        let two = instance() + instance(name: "VI_2", id: 7, address: "10.0.0.1/24")
        let group = "vrrp_sync_group G {\ngroup {\nVI_1\nVI_2\n}\n}\n"
        #expect(try steps(two, two + group) == [.addSyncGroup(name: "G")])
        #expect(try steps(two + group, two) == [.removeSyncGroup(name: "G")])
        let tracked = group.replacing("G {\n", with: "G {\ntrack_interface {\nbond0\n}\n")
        #expect(try steps(two + group, two + tracked) == [.updateSyncGroup(name: "G")])
        let process = "vrrp_track_process p {\nprocess java\n}\n"
        #expect(try steps(instance(), process + instance()) == [.updateTrackProcesses])
        let global = "global_defs {\nrouter_id x\n}\n"
        #expect(try steps(instance(), global + instance()) == [.updateGlobalSettings(changes: ["router_id none → x"])])
    }

    @Test("every field of an instance that can differ leads to a step")
    func complete() throws {
        let lines = [
            "advert_int 2", "state MASTER", "nopreempt", "preempt_delay 5", "down_timer_adverts 4",
            "authentication {\nauth_type PASS\nauth_pass 1\n}", "virtual_ipaddress_excluded {\n10.9.9.9\n}",
            "unicast_ttl 9", "check_unicast_src off", "garp_master_delay 1", "lower_prio_no_advert",
            "higher_prio_send_advert",
            "skip_check_adv_addr", "strict_mode", "v3_checksum_as_v2", "dont_track_primary",
            "track_interface {\neth1\n}",
            "track_lua {\nmycat.process\n}", "track_process {\np\n}",
        ]
        let head = "lua_plugin mycat\nvrrp_track_process p {\nprocess java\n}\n"
        for line in lines {
            let taken = try steps(head + instance(), head + instance(line))
            guard case .updateInstance(_, let changes) = try #require(taken.first, "\(line) changes nothing") else {
                Issue.record("\(line): \(taken)")
                continue
            }
            #expect(!changes.isEmpty, "\(line) has no word")
        }
    }
}
