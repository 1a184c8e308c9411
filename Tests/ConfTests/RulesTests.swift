/// The rules within and across instances: what is corrected with a warning, and what defaults mean.
import KeepalivedConf
import Testing
import Wire

@Suite struct RulesTests {
    private func first(_ result: LoadResult) throws -> InstanceSettings {
        try #require(result.configuration?.instances.first, "\(rendered(result))")
    }

    @Test("an instance that says little has keepalived's defaults")
    func defaults() throws {
        let settings = try first(
            load("vrrp_instance A {\n interface eth0\n virtual_router_id 1\n virtual_ipaddress {\n 10.0.0.1\n }\n}"))
        var expected = InstanceSettings(name: "A", location: settings.location)
        expected.interface = "eth0"
        expected.virtualRouterID = 1
        expected.addresses = settings.addresses
        #expect(settings == expected)
        #expect(settings.addresses.first?.prefixLength == 32)
        #expect(settings.interval == .seconds(1))
    }

    @Test("state MASTER clears nopreempt and preempt_delay and says so")
    func masterState() throws {
        let result = load(instance("state MASTER\nnopreempt\npreempt_delay 5"))
        let settings = try first(result)
        #expect(settings.preempts && settings.preemptDelay == .zero && settings.startsAsMaster)
        #expect(result.warnings.count == 2)
    }

    @Test("priority 255 means MASTER from the start unless state says BACKUP")
    func owner() throws {
        #expect(try first(load(instance("priority 255").replacing("priority 200", with: ""))).startsAsMaster)
        #expect(
            try !first(load(instance("state BACKUP").replacing("priority 200", with: "priority 255"))).startsAsMaster)
    }

    @Test(
        "version 2 rounds the interval to whole seconds, at least one; version 3 to hundredths",
        arguments: [
            ("advert_int 0.2", Duration.seconds(1)), ("advert_int 1.4", .seconds(1)), ("advert_int 1.5", .seconds(2)),
            ("version 3\nadvert_int 0.014", .milliseconds(10)), ("version 3\nadvert_int 0.015", .milliseconds(20)),
        ])
    func rounding(text: String, expected: Duration) throws {
        let result = load(instance(text))
        #expect(try first(result).interval == expected)
        #expect(result.warnings.count == 1)
    }

    @Test("a password is cut to eight octets with a warning, and ignored in version 3")
    func passwords() throws {
        let long = load(instance("authentication {\nauth_type PASS\nauth_pass 123456789\n}"))
        #expect(try first(long).authentication == .password(Password("12345678")))
        #expect(long.warnings.count == 1)
        let version3 = load(instance("version 3\nauthentication {\nauth_type PASS\nauth_pass 1111\n}"))
        #expect(try first(version3).authentication == .none)
        #expect(version3.warnings.count == 1)
    }

    @Test("the first address decides the family, and IPv6 speaks version 3 whatever global_defs says")
    func families() throws {
        let settings = try first(load("global_defs {\nvrrp_version 2\n}\n" + instance(address: "fe80::1/64")))
        #expect(settings.family == .ipv6 && settings.version == .v3)
    }

    @Test("an IPv6 instance whose first address isn't link-local is warned")
    func linkLocal() {
        #expect(load(instance(address: "fd00::1/64")).warnings.count == 1)
        #expect(load(instance(address: "fe80::1/64")).warnings.isEmpty)
    }

    @Test("addresses that don't fit into an advert are kept, but left out of it")
    func surplus() throws {
        let result = load(instance(address: "~SEQ(A, 2) ~SEQ(N, 1, 200) 10.0.${A}.${N}"))
        let settings = try first(result)
        #expect(settings.addresses.count == 255)
        #expect(settings.excludedAddresses.count == 145)
        #expect(result.warnings.count == 1)
    }

    @Test("nopreempt with only weighted checks is warned; one check without weight is enough")
    func nopreemptAndWeights() {
        let weighted = load(instance("nopreempt\ntrack_interface {\neth1 weight -20\n}"))
        #expect(weighted.warnings.contains { $0.contains("keeps the VIP") })
        let mixed = load(instance("nopreempt\ntrack_interface {\neth1 weight -20\nbond0\n}"))
        #expect(mixed.warnings.isEmpty)
        let preempting = load(instance("track_interface {\neth1 weight -20\n}"))
        #expect(preempting.warnings.isEmpty)
    }

    @Test(
        "a weight that can't change the priority is warned",
        arguments: [
            ("priority 254", "weight 20", "changes nothing"), ("priority 1", "weight -20", "changes nothing"),
            ("priority 250", "weight 20", "cut to 254"), ("priority 10", "weight -20", "cut to 1"),
            ("priority 255", "weight -20", "not tracked"),
        ])
    func uselessWeights(priority: String, weight: String, words: String) {
        let text = instance("track_interface {\neth1 \(weight)\n}").replacing("priority 200", with: priority)
        let result = load(text)
        #expect(result.configuration != nil)
        #expect(result.warnings.count == 1)
        #expect(result.warnings.first?.contains(words) == true)
    }

    @Test("two unicast instances may share a number when no node is a peer of both")
    func unicastNumbers() {
        let left = instance("unicast_peer {\n192.168.4.7\n}")
        let right = instance("unicast_peer {\n192.168.4.8\n}", name: "VI_2", address: "192.168.4.201/24")
        #expect(load(left + right).configuration != nil)
        #expect(load(left + right.replacing("4.8", with: "4.7")).errors.count == 1)
    }

    @Test("the same number on another interface or in the other family is fine")
    func otherNumbers() {
        let other = instance(name: "VI_2", address: "192.168.4.201/24").replacing("eth0", with: "eth1")
        #expect(load(instance() + other).configuration != nil)
        #expect(load(instance() + instance(name: "VI_2", address: "fe80::1/64")).configuration != nil)
    }

    @Test("a link-local address may serve on two interfaces, another address may not")
    func sharedAddresses() {
        let left = instance(address: "fe80::1/64")
        #expect(
            load(left + instance(name: "VI_2", address: "fe80::1/64").replacing("eth0", with: "eth1")).configuration
                != nil)
        let other = instance(name: "VI_2").replacing("eth0", with: "eth1")
        #expect(load(instance() + other).errors.count == 1)
    }

    @Test("this node in its own peer list is left out")
    func ownPeer() throws {
        let result = load(instance("unicast_src_ip 192.168.4.7\nunicast_peer {\n192.168.4.7\n192.168.4.8\n}"))
        #expect(try first(result).unicastPeers.count == 1)
        #expect(result.warnings.count == 1)
    }

    @Test("without facts about the host no interface is missing; with dynamic_interfaces none is either")
    func interfaces() {
        let text = instance().replacing("eth0", with: "nope0")
        let blind = LoadContext(hostName: "h")
        #expect(
            loadConfiguration(main: "x", files: MemoryFiles(contents: ["x": text]), context: blind).configuration != nil
        )
        #expect(load(text).configuration == nil)
        #expect(load("global_defs {\ndynamic_interfaces\n}\n" + text).configuration != nil)
    }

    @Test("strict mode takes away what the RFC doesn't know")
    func strict() throws {
        let settings = try first(
            load("global_defs {\nvrrp_strict\n}\n" + instance("preempt_delay 5\ndown_timer_adverts 7")))
        #expect(settings.isStrict && settings.preemptDelay == .zero && settings.downTimerAdverts == 3)
        #expect(!settings.answersLowerPriority)
    }

    @Test("weights of members don't count in a sync group unless it says so")
    func groupWeights() throws {
        let instances =
            instance("track_interface {\nbond0 weight -20\n}")
            + instance(name: "VI_2", id: 7, address: "192.168.4.201/24")
        let group = "vrrp_sync_group G {\ngroup {\nVI_1\nVI_2\n}\n}\n"
        let plain = load(instances + group)
        #expect(try first(plain).trackedInterfaces.isEmpty)
        #expect(plain.warnings.count == 1)
        let weighted = load(instances + group.replacing("group {\nVI", with: "sync_group_tracking_weight\ngroup {\nVI"))
        #expect(try first(weighted).trackedInterfaces.count == 1)
        #expect(weighted.warnings.isEmpty)
    }

    @Test("a track_script line wins over its vrrp_script, and that over the plugin")
    func luaScripts() throws {
        let text = "lua_plugin mycat\nvrrp_script s {\nlua mycat.sql\ninterval 2\nweight -20\nfall 3\n}\n"
        let check = try #require(
            try first(load(text + instance("track_script {\ns weight -30\n}"))).trackedChecks.first)
        #expect(check.name == "mycat.sql")
        #expect(check.weight == -30)
        #expect(check.interval == .seconds(2))
        #expect(check.fall == 3)
        #expect(check.rise == nil)
    }

    @Test("every limit of Lua can be set")
    func luaLimits() throws {
        let lines = """
            lua_slice 2ms
            lua_computing_limit 0.5
            lua_loading_limit 2
            lua_closing_limit 20ms
            lua_hook_timeout 30s
            lua_hook_queue 4
            lua_stop_timeout 5
            lua_handle_limit 32
            lua_task_limit 100
            lua_command_limit 2
            lua_stall_timeout 3
            lua_stall_action fault
            """
        let settings = try #require(load("global_defs {\n\(lines)\n}\n" + instance()).configuration).global.lua
        var limits = LuaLimits()
        limits.slice = .milliseconds(2)
        limits.computing = .milliseconds(500)
        limits.loading = .seconds(2)
        limits.closing = .milliseconds(20)
        limits.hookTimeout = .seconds(30)
        limits.hookQueue = 4
        limits.stopping = .seconds(5)
        limits.handles = 32
        limits.tasks = 100
        limits.commands = 2
        #expect(settings.limits == limits)
        #expect(settings.stallTimeout == .seconds(3))
        #expect(settings.stallAction == .fault)
    }

    @Test("commands of plugins run as script_user, but never as root for that reason")
    func commandUser() {
        func user(_ line: String) -> ScriptUser? {
            load("global_defs {\n\(line)\n}\n" + instance()).configuration?.global.lua.commandUser
        }
        #expect(user("script_user check") == ScriptUser(name: "check"))
        #expect(user("script_user root") == nil)
        #expect(user("router_id a") == nil)
    }

    @Test("one error refuses the whole configuration")
    func allOrNothing() {
        #expect(load(instance() + instance("bogus", name: "VI_2", id: 7, address: "10.0.0.1")).configuration == nil)
    }

    @Test("a file without instances is taken, with a warning")
    func empty() {
        let result = load("global_defs {\n}\n")
        #expect(result.configuration != nil)
        #expect(result.warnings.count == 1)
    }
}
