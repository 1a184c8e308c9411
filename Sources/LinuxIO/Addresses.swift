/// Addresses of interfaces: read, add, extend, delete (rtnetlink(7) RTM_*ADDR).
import CLinux
import Glibc
import SystemPackage
import Wire

/// Properties of an address (IFA_F_…).
package struct AddressFlags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let secondary = AddressFlags(rawValue: UInt32(IFA_F_SECONDARY))
    /// IPv6: do not look for another user before using it.
    package static let noDuplicateDetection = AddressFlags(rawValue: UInt32(IFA_F_NODAD))
    /// IPv6: another host answered for it; the kernel does not use it.
    package static let duplicate = AddressFlags(rawValue: UInt32(IFA_F_DADFAILED))
    /// IPv6: never chosen as a source by itself.
    package static let deprecated = AddressFlags(rawValue: UInt32(IFA_F_DEPRECATED))
    /// IPv6: the search for another user still runs.
    package static let tentative = AddressFlags(rawValue: UInt32(IFA_F_TENTATIVE))
    package static let permanent = AddressFlags(rawValue: UInt32(IFA_F_PERMANENT))
    /// Makes no route to its network.
    package static let noPrefixRoute = AddressFlags(rawValue: UInt32(IFA_F_NOPREFIXROUTE))
}

/// Who put an address there (IFA_PROTO, since Linux 5.18; older kernels keep 0).
package struct AddressOrigin: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let unknown = AddressOrigin(rawValue: 0)
    /// This daemon: VRRP's protocol number. A restart finds what a killed predecessor left by it.
    package static let halua = AddressOrigin(rawValue: 112)
}

/// An address on an interface.
package struct InterfaceAddress: Hashable, Sendable {
    package var interface: UInt32
    package var prefix: Prefix
    /// The other end of a point-to-point address.
    package var peer: IPAddress?
    package var broadcast: IPv4Address?
    /// IPv4: a name in the style "eth0:vip", at most 15 octets.
    package var label: String?
    /// RT_SCOPE_…: 0 universe, 253 link, 254 host.
    package var scope: UInt8
    package var flags: AddressFlags
    package var origin: AddressOrigin
    /// The kernel removes the address after this; nil means never.
    package var validLifetime: Duration?
    /// IPv6 does not choose it as a source after this; zero means never chooses it, nil always.
    package var preferredLifetime: Duration?

    package init(
        _ prefix: Prefix, on interface: UInt32, peer: IPAddress? = nil, broadcast: IPv4Address? = nil,
        label: String? = nil, scope: UInt8 = 0, flags: AddressFlags = [], origin: AddressOrigin = .unknown,
        validLifetime: Duration? = nil, preferredLifetime: Duration? = nil
    ) {
        self.prefix = prefix
        self.interface = interface
        self.peer = peer
        self.broadcast = broadcast
        self.label = label
        self.scope = scope
        self.flags = flags
        self.origin = origin
        self.validLifetime = validLifetime
        self.preferredLifetime = preferredLifetime
    }

    /// Reads an RTM_NEWADDR or RTM_DELADDR message; nil for another family or nonsense.
    package init?(_ message: NetlinkMessage) {
        guard message.type == UInt16(RTM_NEWADDR) || message.type == UInt16(RTM_DELADDR),
            let header = message.header(ifaddrmsg.self)
        else { return nil }
        var address: IPAddress?
        var local: IPAddress?
        var cache: ifa_cacheinfo?
        self.init(
            Prefix(host: .v4(IPv4Address(rawValue: 0))), on: header.ifa_index, scope: header.ifa_scope,
            flags: AddressFlags(rawValue: UInt32(header.ifa_flags)))
        for attribute in message.attributes(after: ifaddrmsg.self) {
            switch attribute.type {
            case Int(IFA_ADDRESS): address = attribute.address(family: header.ifa_family)
            case Int(IFA_LOCAL): local = attribute.address(family: header.ifa_family)
            case Int(IFA_BROADCAST): broadcast = attribute.structure(in_addr.self).map { IPv4Address($0) }
            case Int(IFA_LABEL): label = attribute.text
            case Int(IFA_FLAGS): flags = AddressFlags(rawValue: attribute.number(UInt32.self) ?? 0)
            case Int(IFA_PROTO): origin = AddressOrigin(rawValue: attribute.number(UInt8.self) ?? 0)
            case Int(IFA_CACHEINFO): cache = attribute.structure(ifa_cacheinfo.self)
            default: break
            }
        }
        guard let own = local ?? address, Int(header.ifa_prefixlen) <= own.family.addressLength * 8 else { return nil }
        prefix = Prefix(own, length: header.ifa_prefixlen)
        if let address, address != own { peer = address }
        validLifetime = cache.flatMap { Self.span(seconds: $0.ifa_valid) }
        preferredLifetime = cache.flatMap { Self.span(seconds: $0.ifa_prefered) }
    }

    private static func span(seconds: UInt32) -> Duration? { seconds == .max ? nil : .seconds(seconds) }

    /// The kernel counts whole seconds; a part of one counts as one.
    private static func seconds(_ span: Duration?) -> UInt32 {
        guard let span else { return .max }
        let parts = span.components
        return UInt32(clamping: parts.seconds + (parts.attoseconds > 0 ? 1 : 0))
    }

    /// The request that names this address; `all` adds what only matters when it is made.
    func request(_ type: Int, flags requestFlags: Int32, all: Bool) -> NetlinkRequest {
        var header = ifaddrmsg()
        header.ifa_family = UInt8(prefix.address.family.domain)
        header.ifa_prefixlen = prefix.length
        header.ifa_index = interface
        header.ifa_scope = scope
        var request = NetlinkRequest(type, flags: requestFlags, header: header)
        request.attribute(Int(IFA_LOCAL), address: prefix.address)
        request.attribute(Int(IFA_ADDRESS), address: peer ?? prefix.address)
        guard all else { return request }
        if let broadcast { request.attribute(Int(IFA_BROADCAST), address: .v4(broadcast)) }
        if let label { request.attribute(Int(IFA_LABEL), label) }
        if !flags.isEmpty { request.attribute(Int(IFA_FLAGS), flags.rawValue) }
        if origin != .unknown { request.attribute(Int(IFA_PROTO), origin.rawValue) }
        if validLifetime != nil || preferredLifetime != nil {
            var cache = ifa_cacheinfo()
            cache.ifa_valid = Self.seconds(validLifetime)
            cache.ifa_prefered = min(Self.seconds(preferredLifetime), cache.ifa_valid)
            request.attribute(Int(IFA_CACHEINFO), structure: cache)
        }
        return request
    }
}

/// Requests about addresses. Those of one turn go to the kernel in one system call.
package struct Addresses {
    private let netlink: Netlink

    package init(_ netlink: Netlink) { self.netlink = netlink }

    /// All addresses of all interfaces: `ip address show`.
    package func dump(_ completion: @escaping (Result<[InterfaceAddress], IOFailure>) -> Void) {
        let request = NetlinkRequest(RTM_GETADDR, flags: NLM_F_DUMP, header: ifaddrmsg())
        netlink.dump(request, "RTM_GETADDR", parse: { InterfaceAddress($0) }, completion: completion)
    }

    /// Adds an address: `ip address add`. One that is there already counts as added; it stays as it was.
    ///
    /// Fails with: ENODEV, EPERM, EINVAL (a label that does not fit), EACCES (IPv6 is off on the interface).
    package func add(_ address: InterfaceAddress, _ completion: @escaping (Result<Void, IOFailure>) -> Void) {
        submit(address, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, "RTM_NEWADDR", settled: .fileExists, completion)
    }

    /// Adds an address, or gives the one that is there these lifetimes and flags: `ip address replace`.
    ///
    /// Fails with: as `add`.
    package func replace(_ address: InterfaceAddress, _ completion: @escaping (Result<Void, IOFailure>) -> Void) {
        submit(address, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, "RTM_NEWADDR", settled: nil, completion)
    }

    /// Deletes an address: `ip address del`. One that is not there counts as deleted.
    ///
    /// Fails with: ENODEV, EPERM.
    package func delete(_ address: InterfaceAddress, _ completion: @escaping (Result<Void, IOFailure>) -> Void) {
        submit(address, RTM_DELADDR, 0, "RTM_DELADDR", settled: .addressNotAvailable, completion)
    }

    private func submit(
        _ address: InterfaceAddress, _ type: Int, _ flags: Int32, _ call: String, settled: Errno?,
        _ completion: @escaping (Result<Void, IOFailure>) -> Void
    ) {
        let request = address.request(type, flags: flags | NLM_F_ACK, all: type == RTM_NEWADDR)
        let detail = "\(address.prefix) on interface \(address.interface)"
        netlink.submit(request, call, detail: detail) { result in
            if case .failure(let failure) = result, failure.errno == settled {
                completion(.success(()))
            } else {
                completion(result)
            }
        }
    }
}

extension NetlinkRequest {
    /// An address in network byte order.
    fileprivate mutating func attribute(_ type: Int, address: IPAddress) {
        switch address {
        case .v4(let address): attribute(type, address.rawValue.bigEndian)
        case .v6(let address):
            attribute(type, structure: (address.high.bigEndian, address.low.bigEndian))
        }
    }
}

extension NetlinkAttribute {
    /// An address of a family in network byte order; nil when the length does not fit.
    fileprivate func address(family: UInt8) -> IPAddress? {
        switch Int32(family) {
        case AF_INET: structure(in_addr.self).map { .v4(IPv4Address($0)) }
        case AF_INET6:
            structure((UInt64, UInt64).self).map {
                .v6(IPv6Address(high: UInt64(bigEndian: $0.0), low: UInt64(bigEndian: $0.1)))
            }
        default: nil
        }
    }
}
