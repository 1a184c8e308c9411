/// A small network with real daemons in it: hosts on one or more switches, and a client that uses their virtual address.
import CLinux
import Glibc
import LinuxIO
import Wire

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
    private let links: [LabLink]
    private let keepsFolder: Bool

    /// Builds the network: `links` switches, and each host with one interface (eth0, eth1, …) on each of them.
    ///
    /// `addresses`: host addresses without the prefix in place of those above, for a configuration that names its own.
    /// `mtu`: octets, of every interface. `keepsFolder`: leave the logs for the reader.
    package convenience init(
        _ hostNames: [String], programs: LabPrograms, addresses: [String]? = nil, links: Int = 1, mtu: Int = 1500,
        keepsFolder: Bool = false
    ) throws(LabError) {
        precondition(links >= 1 && links <= 8, "the lab's addresses allow no larger network")
        let links = (0..<links).map { LabLink.standard($0, hosts: hostNames.count, addresses: addresses) }
        try self.init(hostNames, programs: programs, links: links, mtu: mtu, keepsFolder: keepsFolder)
    }

    /// Builds a network as it is described.
    ///
    /// `keepsDiskClean`: what the hosts write, except into the lab's own folder, goes to memory of their own or fails.
    package init(
        _ hostNames: [String], programs: LabPrograms, links: [LabLink], mtu: Int = 1500, keepsFolder: Bool = false,
        keepsDiskClean: Bool = false
    ) throws(LabError) {
        precondition(hostNames.count <= 9, "the lab's addresses allow no larger network")
        precondition(
            !links.isEmpty && links.allSatisfy { $0.addresses.count == hostNames.count },
            "every host has an interface on every link")
        guard hasLabPrivileges else { throw LabError("the lab needs root's rights over networks: run it with sudo") }
        self.programs = programs
        self.keepsFolder = keepsFolder
        self.links = links
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
            for link in links.indices {
                batch += "link add bridge\(link) mtu \(mtu) type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n"
                batch += "link set bridge\(link) up\n"
            }
            try runCommand(["ip", "-batch", "-"], input: batch)
        }
        var hosts: [LabHost] = []
        for (index, name) in hostNames.enumerated() {
            let namespaces = try Namespaces.host(tool: programs.halua, onlyWritable: keepsDiskClean ? folder : nil)
            for (number, link) in links.enumerated() {
                try Self.connect(
                    namespaces, to: switches, port: "\(name)\(number)", link: number, interface: link.interfaces[index],
                    mtu: mtu, addresses: link.addresses[index])
            }
            let own = links[0].addresses[index].first.map { String($0.prefix { $0 != "/" }) } ?? ""
            hosts.append(
                try LabHost(
                    name, address: own, namespaces: namespaces, switches: switches,
                    interfaces: links.map { $0.interfaces[index] }, folder: "\(folder)/\(name)", programs: programs))
        }
        self.hosts = hosts
        for (number, link) in links.enumerated() where !link.clientAddresses.isEmpty {
            try Self.connect(
                client, to: switches, port: number == 0 ? "client" : "client\(number)", link: number,
                interface: "eth\(number)", mtu: mtu, addresses: link.clientAddresses)
            let routes = link.clientRoutes.map { "route add \($0) dev eth\(number)\n" }
            try client.inside { () throws(LabError) in try runCommand(["ip", "-batch", "-"], input: routes.joined()) }
        }
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

    /// The client's own address of a family on a link; nil: it has none there.
    package func clientAddress(_ family: AddressFamily, link: Int) -> IPAddress? {
        links[link].clientAddresses.lazy.compactMap { IPAddress($0.prefix { $0 != "/" }) }.first { $0.family == family }
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

    /// A cable: one end is `interface` in `namespaces`, the other a port of the switch.
    private static func connect(
        _ namespaces: Namespaces, to switches: Namespaces, port: String, link: Int, interface: String, mtu: Int,
        addresses: [String]
    ) throws(LabError) {
        try switches.inside { () throws(LabError) in
            try runCommand(
                ["ip", "-batch", "-"],
                input: """
                    link add \(port) mtu \(mtu) type veth peer name \(interface) mtu \(mtu) netns /proc/self/fd/\(passedDescriptorNumber)
                    link set \(port) master bridge\(link)
                    link set \(port) up

                    """,
                passing: namespaces.networkDescriptor)
        }
        try namespaces.inside { () throws(LabError) in
            // Nobody else is on these networks: without this every IPv6 address would wait a second before its use.
            try writeFile("/proc/sys/net/ipv6/conf/\(interface)/accept_dad", "0")
            let lines = addresses.map { "address add \($0) dev \(interface)\($0.contains(":") ? " nodad" : "")\n" }
            try runCommand(["ip", "-batch", "-"], input: "link set lo up\nlink set \(interface) up\n" + lines.joined())
        }
    }
}
