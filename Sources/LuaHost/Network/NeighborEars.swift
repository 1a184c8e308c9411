/// Who hears ARP and neighbour discovery on an interface: one socket each, shared by all that ask there.
import LinuxIO
import Wire

/// Packet sockets of a generation. Closing one takes the kernel a grace period of several milliseconds, in which the
/// thread waits: so one is kept for a while after it was used last, and probes come and go without closing any.
final class NeighborEars {
    /// Hears one frame, or that the interface went down.
    typealias Listener = (Result<UnsafeRawBufferPointer, IOFailure>) -> Void

    /// A listener's place.
    struct Token: Hashable {
        fileprivate var interface: UInt32
        fileprivate var number: Int
    }

    private final class Ears {
        let socket: PacketSocket
        let registration: Registration
        var listeners: [Int: Listener] = [:]
        var idle: TimerToken?

        init(_ socket: PacketSocket, _ registration: Registration) {
            self.socket = socket
            self.registration = registration
        }
    }

    private static let idleTime = Duration.seconds(60)

    private let loop: EventLoop
    private let ring = PacketRing(capacity: 16, packetLength: 256)
    private var ears: [UInt32: Ears] = [:]
    private var lastNumber = 0

    init(loop: EventLoop) { self.loop = loop }

    deinit { stop() }

    /// Throws: EPERM without CAP_NET_RAW, ENODEV, EMFILE.
    func listen(on interface: Interface, _ listener: @escaping Listener) throws(IOFailure) -> Token {
        let ears = try open(interface)
        if let idle = ears.idle { loop.cancel(idle) }
        ears.idle = nil
        lastNumber += 1
        ears.listeners[lastNumber] = listener
        return Token(interface: interface.index, number: lastNumber)
    }

    func ignore(_ token: Token) {
        guard let ears = ears[token.interface] else { return }
        ears.listeners[token.number] = nil
        guard ears.listeners.isEmpty, ears.idle == nil else { return }
        ears.idle = loop.after(Self.idleTime) { [weak self] in self?.close(token.interface) }
    }

    /// Sends a frame out of an interface somebody listens on.
    func send(_ frame: [UInt8], on token: Token) throws(IOFailure) {
        guard let ears = ears[token.interface] else { return }
        let result = frame.withUnsafeBytes { bytes in
            Result { () throws(IOFailure) in try ears.socket.send(bytes, on: token.interface) }
        }
        try result.get()
    }

    func stop() {
        for interface in Array(ears.keys) { close(interface) }
    }

    private func open(_ interface: Interface) throws(IOFailure) -> Ears {
        if let known = ears[interface.index] { return known }
        let socket = try PacketSocket(hearing: .addressResolution, on: interface, receiveBuffer: 64 << 10)
        let index = interface.index
        let registration = try loop.add(socket.descriptor, .read) { [weak self] _ in self?.receive(index) }
        let fresh = Ears(socket, registration)
        ears[index] = fresh
        return fresh
    }

    private func close(_ interface: UInt32) {
        guard let ears = ears.removeValue(forKey: interface) else { return }
        loop.remove(ears.registration)
        if let idle = ears.idle { loop.cancel(idle) }
    }

    private func receive(_ interface: UInt32) {
        guard let ears = ears[interface] else { return }
        do throws(IOFailure) {
            try ears.socket.receive(into: ring) { bytes, _, direction in
                guard direction != .outgoing, direction != .otherHost else { return }
                for listener in Array(ears.listeners.values) { listener(.success(bytes)) }
            }
        } catch {
            // The socket hears nothing any more; the next probe opens another.
            let listeners = Array(ears.listeners.values)
            close(interface)
            for listener in listeners { listener(.failure(error)) }
        }
    }
}
