/// UDP to one peer without waiting: what others send is not heard, and a closed port answers by an error (udp(7)).
import CLinux
import Glibc
import SystemPackage
import Wire

/// A connected, non-blocking UDP socket that closes itself.
package final class DatagramSocket {
    /// The largest payload of a datagram over IPv4.
    package static let largest = 65_507

    private let owned: OwnedDescriptor
    package var descriptor: Int32 { owned.rawValue }

    /// `source`: send from this address and port; port 0 lets the kernel choose. `interface`: use this one only.
    /// Throws: ENETUNREACH, EADDRNOTAVAIL (no such source), EADDRINUSE, ENODEV (no such interface), EMFILE.
    package init(
        to destination: SocketAddress, from source: SocketAddress? = nil, interface: String? = nil
    ) throws(IOFailure) {
        let kind = Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = try OwnedDescriptor("socket") {
            socket(destination.address.family.domain, kind, Int32(IPPROTO_UDP))
        }
        let raw = descriptor.rawValue
        if let interface { try bindToDevice(raw, interface) }
        if let source { try bind(raw, source) }
        try connect(raw, destination)
        owned = descriptor
    }

    /// Sends one datagram; false when the kernel takes none now.
    ///
    /// Throws: ECONNREFUSED (an earlier one reached a closed port), EMSGSIZE, EHOSTUNREACH, ENETUNREACH.
    package func send(_ bytes: UnsafeRawBufferPointer) throws(IOFailure) -> Bool {
        try withoutWaiting("send") { Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)) }
            != nil
    }

    /// The next datagram; nil when none is there.
    ///
    /// Throws: ECONNREFUSED (the port is closed), EHOSTUNREACH, ENETUNREACH.
    package func receive() throws(IOFailure) -> [UInt8]? { try LinuxIO.receive(descriptor, atMost: Self.largest) }

    /// The own address that the kernel would send from.
    ///
    /// Throws: ENETUNREACH.
    package static func source(
        to destination: IPAddress, scope: UInt32 = 0, interface: String? = nil
    ) throws(IOFailure) -> IPAddress {
        let socket = try DatagramSocket(to: SocketAddress(destination, port: 9, scope: scope), interface: interface)
        return try ownAddress(socket.descriptor)?.address ?? .unspecified(destination.family)
    }
}

/// Ties a socket without connections to one peer.
///
/// Throws: ENETUNREACH, EHOSTUNREACH, EACCES (a broadcast address).
func connect(_ descriptor: Int32, _ destination: SocketAddress) throws(IOFailure) {
    try systemCall("connect", detail: destination.address.description) {
        destination.withSocketAddress { Glibc.connect(descriptor, .init(__sockaddr__: $0), $1) }
    }
}

/// Where a socket sends from.
func ownAddress(_ descriptor: Int32) throws(IOFailure) -> SocketAddress? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    try systemCall("getsockname") {
        withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(descriptor, .init(__sockaddr__: $0), &length)
            }
        }
    }
    return SocketAddress(storage)
}

/// One message of a socket; nil when none is there. What is longer is cut.
func receive(_ descriptor: Int32, atMost limit: Int) throws(IOFailure) -> [UInt8]? {
    var result: Result<Int?, IOFailure> = .success(nil)
    let bytes = [UInt8](unsafeUninitializedCapacity: limit) { space, count in
        result = Result { () throws(IOFailure) in
            try withoutWaiting("recv") { recv(descriptor, space.baseAddress, space.count, Int32(MSG_DONTWAIT)) }
        }
        count = (try? result.get()) ?? 0
    }
    return try result.get() == nil ? nil : bytes
}

/// A call that moves octets: nil when it would have to wait.
func withoutWaiting(_ call: String, _ body: () -> Int) throws(IOFailure) -> Int? {
    while true {
        let count = body()
        if count >= 0 { return count }
        let error = Errno.last
        if error == .wouldBlock || error == .resourceTemporarilyUnavailable { return nil }
        if error != .interrupted { throw IOFailure(call, error) }
    }
}
