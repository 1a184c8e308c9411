/// A netlink socket: datagrams to the kernel and from it, nothing about their meaning.
import CLinux
import Glibc
import SystemPackage

/// A non-blocking netlink socket that listens to the kernel alone.
final class NetlinkSocket {
    private let owned: OwnedDescriptor
    private let buffer: UnsafeMutableRawBufferPointer
    var descriptor: Int32 { owned.rawValue }

    /// Datagrams that one call of `receive` reads at most; the rest waits for the next turn.
    private static let batch = 64

    /// `groups`: notices to hear, by their numbers (RTNLGRP_…).
    ///
    /// Throws: EPROTONOSUPPORT, EPERM, EMFILE.
    init(protocol number: Int32, groups: [UInt32] = [], receiveBuffer: Int) throws(IOFailure) {
        let type = Int32(SOCK_RAW.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        owned = try OwnedDescriptor("socket AF_NETLINK") { socket(AF_NETLINK, type, number) }
        // The kernel sends dumps in pieces of up to 32 KiB.
        buffer = .allocate(byteCount: 64 * 1024, alignment: 16)
        setReceiveBuffer(descriptor, receiveBuffer)
        // Words with errors, answers without a copy of the question, and no silently ignored filter in a question.
        try setOption(descriptor, SOL_NETLINK, NETLINK_EXT_ACK, 1, "NETLINK_EXT_ACK")
        try setOption(descriptor, SOL_NETLINK, NETLINK_CAP_ACK, 1, "NETLINK_CAP_ACK")
        if number == NETLINK_ROUTE {
            try setOption(descriptor, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1, "NETLINK_GET_STRICT_CHK")
        }
        var address = sockaddr_nl()
        address.nl_family = sa_family_t(AF_NETLINK)
        let raw = descriptor
        let length = socklen_t(MemoryLayout<sockaddr_nl>.size)
        try systemCall("bind AF_NETLINK") {
            withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.bind(raw, .init(__sockaddr__: $0), length)
                }
            }
        }
        for group in groups {
            try setOption(
                descriptor, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, Int32(bitPattern: group), "NETLINK_ADD_MEMBERSHIP")
        }
    }

    deinit { buffer.deallocate() }

    /// Sends one datagram, which may hold many messages. The kernel works on it before this returns.
    ///
    /// Throws: ENOBUFS, EAGAIN, EMSGSIZE, and what a protocol refuses at once.
    func send(_ datagram: some Collection<UInt8>) throws(IOFailure) {
        try systemCall("send AF_NETLINK") {
            let sent = datagram.withContiguousStorageIfAvailable { bytes in
                Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT))
            }
            guard let sent else { preconditionFailure("a datagram is one piece of memory") }
            return Int32(clamping: sent)
        }
    }

    /// Hands over the messages that have come, in order.
    ///
    /// Throws: ENOBUFS when some were lost because the buffer was full.
    func receive(_ handle: (NetlinkMessage) -> Void) throws(IOFailure) {
        for _ in 0..<Self.batch {
            var address = sockaddr_nl()
            var length = socklen_t(MemoryLayout<sockaddr_nl>.size)
            let flags = Int32(MSG_DONTWAIT) | Int32(MSG_TRUNC)
            let count = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    recvfrom(descriptor, buffer.baseAddress, buffer.count, flags, .init(__sockaddr__: $0), &length)
                }
            }
            if count < 0 {
                let error = Errno.last
                if error == .wouldBlock { return }
                if error == .interrupted { continue }
                throw IOFailure("recv AF_NETLINK", error)
            }
            // Other processes may send to this port too; only the kernel is believed.
            guard address.nl_pid == 0 else { continue }
            guard count <= buffer.count else { throw IOFailure("recv AF_NETLINK", .noBufferSpace, "a cut datagram") }
            for message in NetlinkMessages(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { handle(message) }
        }
    }
}
