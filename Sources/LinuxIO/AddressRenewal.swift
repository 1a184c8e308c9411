/// Lifetimes of addresses renewed by requests that are made once: on the thread that advertises, without allocating.
import CLinux
import Glibc
import SystemPackage

/// The finished requests that give some addresses their lifetimes anew.
package struct AddressRenewal: Sendable {
    fileprivate let octets: ContiguousArray<UInt8>

    /// `tag`: given back with a refusal, so that the owner knows whose address it is; it fits into 32 bits.
    package init(of addresses: [InterfaceAddress], tag: Int) {
        var octets: ContiguousArray<UInt8> = []
        for address in addresses {
            // No acknowledgement: what is refused is answered in any case, and nobody waits for the rest.
            var request = address.request(RTM_NEWADDR, flags: NLM_F_REPLACE, all: true)
            request.sequence = UInt32(tag)
            octets += request.bytes
        }
        self.octets = octets
    }
}

/// Sends renewals, those of one turn in one system call. Once it has grown to its largest turn it allocates nothing.
///
/// It has a socket of its own, read right after a send: the kernel has worked on a request when send(2) returns, so its
/// refusals are there, and no loop has to wake up for them.
package final class AddressRenewer {
    /// Octets per datagram.
    private static let batchLength = 32 * 1024

    private let socket: NetlinkSocket
    private var output: ContiguousArray<UInt8> = []

    /// Throws: EPROTONOSUPPORT, EMFILE.
    package init() throws(IOFailure) {
        socket = try NetlinkSocket(protocol: NETLINK_ROUTE, receiveBuffer: 1 << 20)
    }

    /// Sends every renewal that `next` has, until it has none. The kernel makes an address anew that is gone: renew only
    /// what must be there.
    ///
    /// `refused` is called for each address that the kernel does not renew: ENODEV, EPERM.
    package func send(_ next: () -> AddressRenewal?, refused: (_ tag: Int, Errno) -> Void) {
        while let renewal = next() {
            if output.count + renewal.octets.count > Self.batchLength { flush(refused) }
            output += renewal.octets
        }
        flush(refused)
    }

    private func flush(_ refused: (Int, Errno) -> Void) {
        guard !output.isEmpty else { return }
        defer { output.removeAll(keepingCapacity: true) }
        do throws(IOFailure) {
            try socket.send(output)
            try socket.receive { message in
                guard message.type == UInt16(NLMSG_ERROR), let code = message.header(Int32.self), code != 0 else {
                    return
                }
                refused(Int(message.sequence), Errno(rawValue: -code))
            }
        } catch {
            // Nothing of this datagram was done, or refusals are lost: then the addresses themselves will tell.
            refused(-1, error.errno)
        }
    }
}
