/// Classic BPF programs that decide in the kernel which packets a socket gets (linux/filter.h).
import CLinux
import Glibc
import SystemPackage

/// A filter program. Those here are constants; `StationFilter.swift` makes one from addresses of the configuration.
package struct PacketFilter: Sendable {
    let program: [sock_filter]

    /// Refuses everything: for sockets that only send.
    package static let nothing = PacketFilter(program: [reject])

    /// Ethernet frames with ARP, or with an ICMPv6 neighbour solicitation (135) or advertisement (136): what tells who
    /// uses an address.
    package static let addressResolution = PacketFilter(program: [
        loadHalf(12),
        jumpIfEqual(0x0806, then: 6, otherwise: 0),
        jumpIfEqual(0x86DD, then: 0, otherwise: 6),
        loadByte(14 + 6),
        jumpIfEqual(58, then: 0, otherwise: 4),
        loadByte(14 + 40),
        jumpIfEqual(135, then: 1, otherwise: 0),
        jumpIfEqual(136, then: 0, otherwise: 1),
        accept,
        reject,
    ])

    /// Ethernet frames with VRRP over IPv4 or IPv6, no matter to whom: also other people's adverts.
    package static let vrrp = PacketFilter(program: [
        loadHalf(12),
        jumpIfEqual(0x0800, then: 0, otherwise: 2),
        loadByte(14 + 9),
        jumpIfEqual(112, then: 3, otherwise: 4),
        jumpIfEqual(0x86DD, then: 0, otherwise: 3),
        loadByte(14 + 6),
        jumpIfEqual(112, then: 0, otherwise: 1),
        accept,
        reject,
    ])

    /// Puts the filter on a socket, in the place of an earlier one.
    ///
    /// Throws: ENOMEM, EPERM (a locked filter).
    func attach(to descriptor: Int32) throws(IOFailure) {
        var instructions = program
        let call = "setsockopt SO_ATTACH_FILTER"
        try systemCall(call) {
            instructions.withUnsafeMutableBufferPointer { buffer in
                var program = sock_fprog(len: UInt16(buffer.count), filter: buffer.baseAddress)
                let length = socklen_t(MemoryLayout<sock_fprog>.size)
                return setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, length)
            }
        }
    }

    /// Lets everything through again.
    static func detach(from descriptor: Int32) throws(IOFailure) {
        try setOption(descriptor, SOL_SOCKET, SO_DETACH_FILTER, 0, "SO_DETACH_FILTER")
    }

    // MARK: Instructions

    static func loadHalf(_ offset: UInt32) -> sock_filter {
        sock_filter(code: UInt16(BPF_LD | BPF_H | BPF_ABS), jt: 0, jf: 0, k: offset)
    }

    static func loadByte(_ offset: UInt32) -> sock_filter {
        sock_filter(code: UInt16(BPF_LD | BPF_B | BPF_ABS), jt: 0, jf: 0, k: offset)
    }

    static func jumpIfEqual(_ value: UInt32, then: UInt8, otherwise: UInt8) -> sock_filter {
        sock_filter(code: UInt16(BPF_JMP | BPF_JEQ | BPF_K), jt: then, jf: otherwise, k: value)
    }

    /// The whole packet.
    static let accept = sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: 0x40000)
    static let reject = sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: 0)
}
