/// A small network with real daemons in it: hosts on one or more switches, and a client that uses their virtual address.
import CLinux
import Glibc
import LinuxIO

/// One experiment's network. Everything it made goes away with `close`, or with this process, however it ends.
package final class Lab: Sendable {
    package let programs: LabPrograms
    /// Configuration files, control sockets and logs, in a folder for each host.
    package let folder: String
    /// The hosts in the order of `hostNames`; host n has the address 192.168.4.n×10 and fd00:4::n×10.
    package let hosts: [LabHost]
    /// A machine that runs no daemon.
    package let client: Namespaces
    private let switches: Namespaces
    private let keepsFolder: Bool

    /// Builds the network: `links` switches, and each host with one interface (eth0, eth1, …) on each of them.
    ///
    /// `addresses`: host addresses without the prefix in place of those above, for a configuration that names its own.
    /// `mtu`: octets, of every interface. `keepsFolder`: leave the logs for the reader.
    package init(
        _ hostNames: [String], programs: LabPrograms, addresses: [String]? = nil, links: Int = 1, mtu: Int = 1500,
        keepsFolder: Bool = false
    ) throws(LabError) {
        precondition(links >= 1 && links <= 8 && hostNames.count <= 9, "the lab's addresses allow no larger network")
        guard hasLabPrivileges else { throw LabError("the lab needs root's rights over networks: run it with sudo") }
        self.programs = programs
        self.keepsFolder = keepsFolder
        let folder = try makeTemporaryFolder("halua-lab")
        self.folder = folder
        if !keepsFolder { rememberFolder(folder) }
        // A lab that cannot be completed is never closed.
        var isComplete = false
        defer {
            if !isComplete && !keepsFolder {
                removeFolder(folder)
                forgetFolder(folder)
            }
        }
        switches = try .networkOnly()
        client = try .networkOnly()
        try switches.inside { () throws(LabError) in
            // The switches are no hosts: no IPv6 chatter from them.
            try writeFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1")
            var batch = "link set lo up\n"
            for link in 0..<links {
                batch += "link add bridge\(link) mtu \(mtu) type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n"
                batch += "link set bridge\(link) up\n"
            }
            try runCommand(["ip", "-batch", "-"], input: batch)
        }
        var hosts: [LabHost] = []
        for (index, name) in hostNames.enumerated() {
            let namespaces = try Namespaces.host(tool: programs.halua)
            let number = (index + 1) * 10
            let own = addresses.map { $0[index] } ?? "192.168.4.\(number)"
            for link in 0..<links {
                try Self.connect(
                    namespaces, to: switches, port: "\(name)\(link)", link: link, mtu: mtu,
                    addresses: link == 0
                        ? ["\(own)/24", "fd00:4::\(number)/64"]
                        : ["10.4.\(link).\(number)/24", "fd00:4:\(link)::\(number)/64"])
            }
            hosts.append(
                try LabHost(
                    name, address: own, namespaces: namespaces, switches: switches, folder: "\(folder)/\(name)",
                    programs: programs))
        }
        self.hosts = hosts
        try Self.connect(
            client, to: switches, port: "client", link: 0, mtu: mtu, addresses: ["192.168.4.250/24", "fd00:4::250/64"])
        isComplete = true
    }

    deinit { close() }

    /// Ends every process of the lab; its networks vanish with them.
    package func close() {
        for host in hosts { host.close() }
        if keepsFolder { return }
        removeFolder(folder)
        forgetFolder(folder)
    }

    /// Pulls or plugs the client's cable: without it no packet is copied to the client.
    package func setClientCable(plugged: Bool) throws(LabError) {
        try switches.inside { () throws(LabError) in
            try runCommand(["ip", "link", "set", "client", plugged ? "up" : "down"])
        }
    }

    /// Runs `body` with a lab, and closes it whatever happens.
    package static func with<Value>(
        _ hostNames: [String], programs: LabPrograms, addresses: [String]? = nil, links: Int = 1, mtu: Int = 1500,
        _ body: (Lab) throws -> Value
    ) throws -> Value {
        let lab = try Lab(hostNames, programs: programs, addresses: addresses, links: links, mtu: mtu)
        defer { lab.close() }
        return try body(lab)
    }

    /// A cable: one end is the interface eth`link` in `namespaces`, the other a port of the switch.
    private static func connect(
        _ namespaces: Namespaces, to switches: Namespaces, port: String, link: Int, mtu: Int, addresses: [String]
    ) throws(LabError) {
        try switches.inside { () throws(LabError) in
            try runCommand(
                ["ip", "-batch", "-"],
                input: """
                    link add \(port) mtu \(mtu) type veth peer name eth\(link) mtu \(mtu) netns /proc/self/fd/\(passedDescriptorNumber)
                    link set \(port) master bridge\(link)
                    link set \(port) up

                    """,
                passing: namespaces.networkDescriptor)
        }
        try namespaces.inside { () throws(LabError) in
            // Nobody else is on these networks: without this every IPv6 address would wait a second before its use.
            try writeFile("/proc/sys/net/ipv6/conf/eth\(link)/accept_dad", "0")
            let lines = addresses.map { "address add \($0) dev eth\(link)\($0.contains(":") ? " nodad" : "")\n" }
            try runCommand(["ip", "-batch", "-"], input: "link set lo up\nlink set eth\(link) up\n" + lines.joined())
        }
    }
}
