/// FRRouting's VRRP daemon on a host of the lab: the second independent peer beside keepalived.
import Glibc

/// vrrpd with the zebra it needs. It holds its addresses on an interface with the virtual router's MAC, which the
/// operator makes, and which it sets down while it is a backup.
package struct FRRRouter: Sendable {
    package static let isInstalled = [zebra, vrrpd].allSatisfy { pathOfProgram($0) != nil }

    /// SIGTERM makes it say goodbye with priority 0.
    package let process: LabProcess
    private let routes: LabProcess
    private let host: LabHost

    private static let zebra = "/usr/lib/frr/zebra"
    private static let vrrpd = "/usr/lib/frr/vrrpd"

    /// Starts both daemons on `host` with the one virtual router of `instance`, which has IPv4 addresses on eth0.
    package init(on host: LabHost, _ instance: InstanceText) throws(LabError) {
        self.host = host
        let router = instance.virtualRouterID
        let octet = (router < 16 ? "0" : "") + String(router, radix: 16)
        // Two interfaces are in one network here: each answers ARP for its own addresses, and while the one with the
        // virtual MAC is down its addresses are not this host's.
        for (name, value) in [("arp_ignore", "1"), ("ignore_routes_with_linkdown", "1")] {
            try host.namespaces.inside { () throws(LabError) in
                try writeFile("/proc/sys/net/ipv4/conf/all/\(name)", value)
            }
        }
        try host.run(
            ["ip", "-batch", "-"],
            input: """
                link add vrrp link eth0 type macvlan mode bridge
                link set vrrp address 00:00:5e:00:01:\(octet)
                link set vrrp addrgenmode none
                \(instance.addresses.map { "address add \($0)/24 dev vrrp\n" }.joined())link set vrrp up

                """)
        // Both run as the user frr; /run is this host's own.
        try host.run(["install", "-d", "-o", "frr", "-g", "frr", "/run/frr"])
        let text =
            "interface eth0\n"
            + ([
                "version \(instance.version)", "priority \(instance.priority)",
                "advertisement-interval \(Int(instance.interval.inMilliseconds))",
            ] + instance.addresses.map { "ip \($0)" }).map { " vrrp \(router) \($0)\n" }.joined()
        try host.run(["tee", "/run/frr/vrrpd.conf"], input: text)
        try host.run(["tee", "/run/frr/zebra.conf"])
        routes = try Self.start(Self.zebra, on: host)
        // vrrpd connects once, and tries again only after seconds.
        guard waitUntil(.seconds(5), { (try? host.run(["test", "-S", "/run/frr/zserv.api"])) != nil }) != nil else {
            throw LabError("zebra did not open its socket\n" + tail(routes))
        }
        process = try Self.start(Self.vrrpd, on: host)
    }

    /// Starts vrrpd again after its end.
    package func restart() throws(LabError) -> LabProcess { try Self.start(Self.vrrpd, on: host) }

    private static func start(_ program: String, on host: LabHost) throws(LabError) -> LabProcess {
        let name = program.split(separator: "/").last.map(String.init) ?? program
        return try host.start(
            program,
            arguments: [name, "-A", "127.0.0.1", "-P", "0", "-f", "/run/frr/\(name).conf", "--log", "stdout"])
    }
}
