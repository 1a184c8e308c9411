/// Messages of nf_tables (nfnetlink): a table, its sets, chains and rules, and the elements of a set.
import CLinux
import Glibc
import Wire

/// What a table filters (NFPROTO_…).
enum NftFamily: UInt8, CaseIterable {
    /// IPv4 and IPv6.
    case inet = 1
    case arp = 3
}

extension NetlinkRequest {
    /// A message of nf_tables. `NLM_F_CREATE` makes what is not there.
    init(_ kind: nf_tables_msg_types, _ family: NftFamily, flags: Int32 = 0) {
        self.init(
            Int(NFNL_SUBSYS_NFTABLES) << 8 | Int(kind.rawValue), flags: flags,
            header: nfgenmsg(nfgen_family: family.rawValue, version: UInt8(NFNETLINK_V0), res_id: 0))
    }

    /// The first or last message of a batch, which the kernel does as a whole or not at all.
    init(batch kind: Int32) {
        self.init(
            Int(kind), flags: 0,
            header: nfgenmsg(
                nfgen_family: UInt8(AF_UNSPEC), version: UInt8(NFNETLINK_V0),
                res_id: UInt16(NFNL_SUBSYS_NFTABLES).bigEndian))
    }

    /// nf_tables has its numbers in network byte order.
    mutating func add<Attribute: RawRepresentable<UInt32>>(_ attribute: Attribute, _ number: UInt32) {
        self.attribute(Int(attribute.rawValue), number.bigEndian)
    }

    mutating func add<Attribute: RawRepresentable<UInt32>>(_ attribute: Attribute, text: String) {
        self.attribute(Int(attribute.rawValue), text)
    }

    mutating func add<Attribute: RawRepresentable<UInt32>>(
        _ attribute: Attribute, _ body: (inout NetlinkRequest) -> Void
    ) {
        nest(Int(attribute.rawValue), body)
    }

    /// A value as an expression or an element has it.
    mutating func add<Attribute: RawRepresentable<UInt32>>(_ attribute: Attribute, data: [UInt8]) {
        add(attribute) { $0.attribute(Int(NFTA_DATA_VALUE.rawValue), octets: data) }
    }
}

/// A table of nf_tables by its name.
struct NftTable {
    var name: String
    var family: NftFamily

    func make() -> NetlinkRequest {
        var request = NetlinkRequest(NFT_MSG_NEWTABLE, family, flags: NLM_F_CREATE)
        request.add(NFTA_TABLE_NAME, text: name)
        return request
    }

    func delete() -> NetlinkRequest {
        var request = NetlinkRequest(NFT_MSG_DELTABLE, family)
        request.add(NFTA_TABLE_NAME, text: name)
        return request
    }

    /// Asks for the table; ENOENT without one.
    func look() -> NetlinkRequest {
        var request = NetlinkRequest(NFT_MSG_GETTABLE, family)
        request.add(NFTA_TABLE_NAME, text: name)
        return request
    }

    /// A set of addresses whose elements may have a timeout.
    func makeSet(_ set: String, of addresses: AddressFamily, number: UInt32) -> NetlinkRequest {
        var request = NetlinkRequest(NFT_MSG_NEWSET, family, flags: NLM_F_CREATE)
        request.add(NFTA_SET_TABLE, text: name)
        request.add(NFTA_SET_NAME, text: set)
        request.add(NFTA_SET_FLAGS, NFT_SET_TIMEOUT.rawValue)
        // Numbers of nft(8), by which it prints the elements.
        request.add(NFTA_SET_KEY_TYPE, addresses == .ipv4 ? 7 : 8)
        request.add(NFTA_SET_KEY_LEN, UInt32(addresses.addressLength))
        request.add(NFTA_SET_ID, number)
        return request
    }

    /// A chain of filters. `hook`: NF_INET_…, NF_ARP_…; a lower `priority` comes first.
    func makeChain(_ chain: String, hook: UInt32, priority: Int32) -> NetlinkRequest {
        var request = NetlinkRequest(NFT_MSG_NEWCHAIN, family, flags: NLM_F_CREATE)
        request.add(NFTA_CHAIN_TABLE, text: name)
        request.add(NFTA_CHAIN_NAME, text: chain)
        request.add(NFTA_CHAIN_HOOK) { hookRequest in
            hookRequest.add(NFTA_HOOK_HOOKNUM, hook)
            hookRequest.add(NFTA_HOOK_PRIORITY, UInt32(bitPattern: priority))
        }
        request.add(NFTA_CHAIN_POLICY, UInt32(NF_ACCEPT))
        request.add(NFTA_CHAIN_TYPE, text: "filter")
        return request
    }

    func makeRule(in chain: String, _ expressions: [NftExpression]) -> NetlinkRequest {
        var request = NetlinkRequest(NFT_MSG_NEWRULE, family, flags: NLM_F_CREATE | NLM_F_APPEND)
        request.add(NFTA_RULE_TABLE, text: name)
        request.add(NFTA_RULE_CHAIN, text: chain)
        request.add(NFTA_RULE_EXPRESSIONS) { list in
            for expression in expressions { expression.write(into: &list) }
        }
        return request
    }

    /// Adds addresses to a set (NFT_MSG_NEWSETELEM; one that is there stays as it was) or takes them out (DELSETELEM;
    /// ENOENT for one that is not there or whose time is over).
    func elements(
        _ kind: nf_tables_msg_types, of set: String, _ addresses: [IPAddress], timeout: Duration? = nil
    ) -> NetlinkRequest {
        var request = NetlinkRequest(kind, family, flags: kind == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0)
        request.add(NFTA_SET_ELEM_LIST_TABLE, text: name)
        request.add(NFTA_SET_ELEM_LIST_SET, text: set)
        request.add(NFTA_SET_ELEM_LIST_ELEMENTS) { list in
            for address in addresses {
                list.add(NFTA_LIST_ELEM) { element in
                    element.add(NFTA_SET_ELEM_KEY, data: address.octets)
                    guard let timeout else { return }
                    let milliseconds = UInt64(max(1, timeout.wholeNanoseconds / 1_000_000))
                    element.attribute(Int(NFTA_SET_ELEM_TIMEOUT.rawValue), milliseconds.bigEndian)
                }
            }
        }
        return request
    }
}

/// One step of a rule. All of them work on the first register.
enum NftExpression {
    /// Goes on for IPv4 or IPv6 only, in a table for both.
    case isFamily(AddressFamily)
    /// Loads octets, counted from the beginning of the network header.
    case load(offset: Int, length: Int)
    /// Goes on when the set has what was loaded, or (inverted) when it has not.
    case isIn(String, inverted: Bool)
    case count
    case drop

    private var name: String {
        switch self {
        case .isFamily: "cmp"
        case .load: "payload"
        case .isIn: "lookup"
        case .count: "counter"
        case .drop: "immediate"
        }
    }

    fileprivate func write(into list: inout NetlinkRequest) {
        if case .isFamily = self {
            list.add(NFTA_LIST_ELEM) { element in
                element.add(NFTA_EXPR_NAME, text: "meta")
                element.add(NFTA_EXPR_DATA) { data in
                    data.add(NFTA_META_DREG, NFT_REG_1.rawValue)
                    data.add(NFTA_META_KEY, NFT_META_NFPROTO.rawValue)
                }
            }
        }
        list.add(NFTA_LIST_ELEM) { element in
            element.add(NFTA_EXPR_NAME, text: name)
            element.add(NFTA_EXPR_DATA) { writeData(into: &$0) }
        }
    }

    private func writeData(into data: inout NetlinkRequest) {
        switch self {
        case .isFamily(let family):
            data.add(NFTA_CMP_SREG, NFT_REG_1.rawValue)
            data.add(NFTA_CMP_OP, NFT_CMP_EQ.rawValue)
            data.add(NFTA_CMP_DATA, data: [UInt8(family.domain)])
        case .load(let offset, let length):
            data.add(NFTA_PAYLOAD_DREG, NFT_REG_1.rawValue)
            data.add(NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER.rawValue)
            data.add(NFTA_PAYLOAD_OFFSET, UInt32(offset))
            data.add(NFTA_PAYLOAD_LEN, UInt32(length))
        case .isIn(let set, let inverted):
            data.add(NFTA_LOOKUP_SET, text: set)
            data.add(NFTA_LOOKUP_SREG, NFT_REG_1.rawValue)
            if inverted { data.add(NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV.rawValue) }
        case .count: break
        case .drop:
            data.add(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT.rawValue)
            data.add(NFTA_IMMEDIATE_DATA) { value in
                value.add(NFTA_DATA_VERDICT) { $0.add(NFTA_VERDICT_CODE, UInt32(NF_DROP)) }
            }
        }
    }
}
