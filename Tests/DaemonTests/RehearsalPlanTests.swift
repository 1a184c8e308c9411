/// From configuration files to the made-up network in which `halua rehearse` runs them.
import KeepalivedConf
import Lab
import Testing
import Wire

struct RehearsalPlanTests {
    private struct OneFile: ConfigurationFiles {
        var text: String
        func read(_ path: String) -> [UInt8]? { Array(text.utf8) }
        func glob(_ pattern: String, relativeTo directory: String) -> [String] { [pattern] }
        func isExecutable(_ path: String) -> Bool { false }
    }

    private func plan(_ texts: String...) throws -> RehearsalPlan {
        try RehearsalPlan(
            try texts.enumerated().map { number, text in
                let context = LoadContext(hostName: "n\(number)", configID: nil, environment: [:], randomSeed: 1)
                let result = loadConfiguration(main: "n\(number).conf", files: OneFile(text: text), context: context)
                return .init(
                    name: "n\(number)", file: "n\(number).conf",
                    configuration: try #require(result.configuration, "\(result.diagnostics.map(\.rendered))"))
            })
    }

    private func instance(
        _ interface: String, _ addresses: String, name: String = "VI_1", lines: String = "", router: Int = 51
    ) -> String {
        """
        vrrp_instance \(name) {
            interface \(interface)
            virtual_router_id \(router)
            \(lines)
            virtual_ipaddress {
                \(addresses)
            }
        }

        """
    }

    @Test("nodes without addresses of their own get free ones beside the VIP, and so does the client")
    func freeAddresses() throws {
        let plan = try plan(instance("eth0", "192.168.4.200"), instance("eth0", "192.168.4.200"))
        #expect(plan.links.count == 1)
        #expect(plan.links[0].interfaces == ["eth0", "eth0"])
        #expect(plan.links[0].addresses == [["192.168.4.254/24"], ["192.168.4.253/24"]])
        #expect(plan.links[0].clientAddresses == ["192.168.4.252/24"])
        #expect(plan.links[0].clientRoutes == [])
        #expect(plan.targets.map { "\($0.address)" } == ["192.168.4.200"])
    }

    @Test("the interfaces of one virtual router hang on one switch, whatever the nodes call them")
    func namesOfInterfaces() throws {
        let plan = try plan(
            instance("ens3", "10.0.0.100/24") + instance("ens4", "10.1.0.100/24", name: "B", router: 52),
            instance("bond0", "10.0.0.100/24") + instance("eth1.7", "10.1.0.100/24", name: "C", router: 52))
        #expect(plan.links.map(\.interfaces) == [["ens3", "bond0"], ["ens4", "eth1.7"]])
        #expect(plan.linkOfTarget == [0, 1])
        #expect(plan.links[1].addresses.map { $0[0] } == ["10.1.0.254/24", "10.1.0.253/24"])
    }

    @Test("unicast peers and source addresses are the nodes' own")
    func statedAddresses() throws {
        let plan = try plan(
            instance("eth0", "10.0.0.100", lines: "unicast_src_ip 10.0.0.7\n unicast_peer {\n 10.0.0.9\n }"),
            instance("eth0", "10.0.0.100", lines: "unicast_peer {\n 10.0.0.7\n }"))
        #expect(plan.links[0].addresses == [["10.0.0.7/24"], ["10.0.0.9/24"]])
    }

    @Test("in a small network nobody gets an address outside of it")
    func smallNetwork() throws {
        let plan = try plan(instance("eth0", "10.0.0.33/29"), instance("eth0", "10.0.0.33/29"))
        #expect(plan.links[0].addresses == [["10.0.0.38/29"], ["10.0.0.37/29"]])
        #expect(plan.links[0].clientAddresses == ["10.0.0.36/29"])
    }

    @Test("a VIP outside of the nodes' network is found by a route")
    func foreignAddress() throws {
        let source = "mcast_src_ip 192.168.1.5"
        let plan = try plan(instance("eth0", "203.0.113.9", lines: source), instance("eth0", "203.0.113.9"))
        #expect(plan.links[0].addresses == [["192.168.1.5/24"], ["192.168.1.254/24"]])
        #expect(plan.links[0].clientAddresses == ["192.168.1.253/24"])
        #expect(plan.links[0].clientRoutes == ["203.0.113.9/32"])
    }

    @Test("a client asks an IPv6 instance for the address that is more than link-local")
    func sixth() throws {
        let text = instance("eth0", "fe80::1\nfd00:4::100/64", lines: "version 3")
        let plan = try plan(text, text)
        #expect(plan.targets.map { "\($0.address)" } == ["fd00:4::100"])
        #expect(plan.links[0].addresses == [["fd00:4::1fe/64"], ["fd00:4::1fd/64"]])
    }

    @Test("interfaces that are only tracked or speak heartbeats are there too, with addresses")
    func otherInterfaces() throws {
        let lines = "track_interface {\n eth2\n }\n guard {\n heartbeat_interfaces { eth1 }\n }"
        let plan = try plan(instance("eth0", "10.0.0.1", lines: lines), instance("eth0", "10.0.0.1", lines: lines))
        #expect(plan.links.map { $0.interfaces[0] } == ["eth0", "eth1", "eth2"])
        #expect(plan.links.dropFirst().map { $0.addresses.map(\.count) } == [[1, 1], [1, 1]])
        #expect(plan.links.dropFirst().map(\.clientAddresses) == [[], []])
    }

    @Test("a gateway that a plugin asks answers")
    func gateway() throws {
        let plugin = "lua_plugin gateway_witness {\n gateway 10.0.0.1\n}\n"
        let plan = try plan(plugin + instance("eth0", "10.0.0.100/24"), plugin + instance("eth0", "10.0.0.100/24"))
        #expect(plan.links[0].clientAddresses == ["10.0.0.252/24", "10.0.0.1/32"])
    }

    @Test("patience is the slowest master down interval and its hold_max")
    func patience() throws {
        let slow = instance("eth0", "10.0.0.1", lines: "advert_int 2\n priority 192\n guard {\n hold_max 3\n }")
        let plan = try plan(slow, slow)
        #expect(plan.masterDown == .milliseconds(6250))
        #expect(plan.patience == .milliseconds(9250))
    }

    @Test("what cannot be rehearsed says why")
    func complaints() {
        func complaint(_ texts: String...) -> String? {
            do {
                _ = texts.count == 2 ? try plan(texts[0], texts[1]) : try plan(texts[0])
                return nil
            } catch {
                return "\(error)"
            }
        }
        #expect(complaint(instance("eth0", "10.0.0.1")) == "a rehearsal needs two nodes")
        #expect(
            complaint("global_defs {\n}\n", instance("eth0", "10.0.0.1"))
                == "n0.conf has no vrrp_instance: there is nothing to rehearse")
    }

    @Test(
        "a log line loses its fields and nothing else",
        arguments: [
            ("VI_1: two masters from=MASTER instance=VI_1", "VI_1: two masters"),
            ("a=b is wrong reason=\"one two\" x=1", "a=b is wrong"),
            ("nothing to lose", "nothing to lose"),
            ("x=1 and more", "x=1 and more"),
        ])
    func fields(_ line: String, _ expected: String) {
        #expect(withoutFields(line[...]) == expected)
    }
}
