/// One switch of a lab, and how it is wired: names and addresses of the interfaces on it.

package struct LabLink: Hashable, Sendable {
    /// What each host calls its interface on it.
    package var interfaces: [String]
    /// For each host its own addresses with their prefix lengths, the first of which it is known by.
    package var addresses: [[String]]
    /// The client's; without any it is not plugged in here.
    package var clientAddresses: [String]
    /// What else the client finds on this link: addresses or prefixes outside of its own networks.
    package var clientRoutes: [String] = []

    package init(interfaces: [String], addresses: [[String]], clientAddresses: [String] = []) {
        precondition(interfaces.count == addresses.count, "every host has one interface on a link")
        self.interfaces = interfaces
        self.addresses = addresses
        self.clientAddresses = clientAddresses
    }

    /// The lab's usual network number `link`: host n has 192.168.4.n×10 and fd00:4::n×10 on the first, the client is there.
    static func standard(_ link: Int, hosts: Int, addresses: [String]?) -> Self {
        let all = (0..<hosts).map { index in
            let number = (index + 1) * 10
            let own = addresses.map { $0[index] } ?? "192.168.4.\(number)"
            return link == 0
                ? ["\(own)/24", "fd00:4::\(number)/64"] : ["10.4.\(link).\(number)/24", "fd00:4:\(link)::\(number)/64"]
        }
        return .init(
            interfaces: all.map { _ in "eth\(link)" }, addresses: all,
            clientAddresses: link == 0 ? ["192.168.4.250/24", "fd00:4::250/64"] : [])
    }
}
