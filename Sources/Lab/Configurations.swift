/// The configuration files the lab's daemons run: the article's two, word for word, and a writer for all others.

/// The article's non-preempting pair: mycat01 at 192.168.4.196 and mycat02 at 192.168.4.195, both of priority 200.
package enum Article {
    package static let addresses = ["192.168.4.196", "192.168.4.195"]
    package static let hostNames = ["mycat01", "mycat02"]
    package static let virtualAddress = "192.168.4.200"

    /// The file of mycat01 (`node` 0) or mycat02 (`node` 1).
    package static func configuration(_ node: Int) -> String {
        """
        ! \(hostNames[node]), \(addresses[node])

        global_defs {

            # one keepalived.conf, one router_id

            router_id \(hostNames[node])

        }

        vrrp_instance VI_1 {

            state BACKUP

            nopreempt

            interface eth0

            # the same on every node of one multicast group

            virtual_router_id 196

            priority 200

            advert_int 1

            authentication {

                auth_type PASS

                auth_pass Zf4aqy

            }

            virtual_ipaddress {

                192.168.4.200

            }

        }

        """
    }
}

extension Article {
    /// The file of a node with more lines at the end of its instance block.
    package static func configuration(_ node: Int, adding lines: [String]) -> String {
        let text = configuration(node)
        guard let end = text.lastIndex(of: "}") else { preconditionFailure("the article's file ends with a brace") }
        return text[..<end] + lines.map { "    \($0)\n" }.joined() + text[end...]
    }
}

/// One `vrrp_instance`, as text that halua and keepalived read alike.
package struct InstanceText: Hashable, Sendable {
    package var name = "VI_1"
    package var interface = "eth0"
    package var virtualRouterID = 51
    package var priority = 100
    package var version = 2
    package var interval: Duration = .seconds(1)
    package var addresses = ["192.168.4.200"]
    package var password: String?
    /// Further lines of the block: `nopreempt`, `track_lua { … }` and the like.
    package var lines: [String] = []

    package init() {}

    package var text: String {
        var text = "vrrp_instance \(name) {\n    state BACKUP\n    interface \(interface)\n"
        text += "    virtual_router_id \(virtualRouterID)\n    priority \(priority)\n    version \(version)\n"
        text += "    advert_int \(decimal(interval.inSeconds, places: version == 2 ? 0 : 2))\n"
        if let password {
            text += "    authentication {\n        auth_type PASS\n        auth_pass \(password)\n    }\n"
        }
        text += "    virtual_ipaddress {\n" + addresses.map { "        \($0)\n" }.joined() + "    }\n"
        return text + lines.map { "    \($0)\n" }.joined() + "}\n"
    }

    /// RFC 3768 §6.1, RFC 9568 §6.1: (256 − priority) / 256 of the interval; version 2 takes it of one second.
    package var skew: Duration { (version == 2 ? .seconds(1) : interval) * (256 - priority) / 256 }
    /// How long a backup of this priority waits without adverts: three intervals and the skew time.
    package var masterDown: Duration { interval * 3 + skew }
}
