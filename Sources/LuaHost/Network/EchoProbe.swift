/// halua.icmp.ping as an operation: an echo request to a host, and how long its reply took.
import LinuxIO
import Wire

/// Whom a script wants to ping, all of it checked.
struct EchoRequest: Hashable {
    /// An address or a name.
    var host: String
    var timeout = Duration.seconds(1)
    var interface: String?
    /// Octets of payload.
    var size = 56
}

enum EchoProbe {
    private static let mostRepliesPerTurn = 64

    /// Begins, and returns what cancels it. The answer is the time in nanoseconds between question and reply.
    static func start(
        _ request: EchoRequest, _ loop: EventLoop, completion: @escaping (Result<Int64, OperatingError>) -> Void
    ) -> () -> Void {
        let lookup = LookupRequest(name: request.host, kind: .addresses, timeout: request.timeout)
        let end = loop.time + request.timeout.wholeNanoseconds
        let subject = "icmp.ping \(request.host)"
        /// The operation that runs now.
        let current = Cancellation()
        current.cancel = NameLookup.start(lookup, loop: loop) { result in
            do throws(OperatingError) {
                guard case .addresses(let found) = try result.get(), let address = found.first else { return }
                do throws(IOFailure) {
                    let left = Duration.nanoseconds(max(1, end - loop.time))
                    let probe = try probe(subject, address, request, left, loop, completion)
                    current.cancel = { probe.cancel() }
                } catch {
                    throw probeError(subject, error)
                }
            } catch {
                completion(.failure(error))
            }
        }
        return { current.cancel?() }
    }

    private static func probe(
        _ subject: String, _ address: IPAddress, _ request: EchoRequest, _ timeout: Duration, _ loop: EventLoop,
        _ completion: @escaping (Result<Int64, OperatingError>) -> Void
    ) throws(IOFailure) -> Probe<Int64> {
        var destination = SocketAddress(address)
        if address.isLinkLocal, address.family == .ipv6, let interface = request.interface {
            destination.scope = try Interface(named: interface).index
        }
        let socket = try EchoSocket(to: destination, interface: request.interface)
        let identifier = UInt16.random(in: 0 ... .max)
        let payload = (0..<request.size).map { _ in UInt8.random(in: 0 ... .max) }
        var sent: [Int64] = []
        let probe = Probe<Int64>(
            subject, timeout: timeout, limit: request.timeout, loop: loop,
            ask: { count throws(IOFailure) in
                sent.append(loop.time)
                try socket.send(EchoMessage(identifier: identifier, sequence: UInt16(count), payload: payload))
            }, completion: completion)
        let registration = try loop.add(socket.descriptor, .read) { [weak probe] _ in
            do throws(IOFailure) {
                // Replies to others come here as well; a flood of them waits for the next turn.
                for _ in 0..<mostRepliesPerTurn {
                    guard let reply = try socket.receive() else { return }
                    guard !socket.keepsIdentifier || reply.identifier == identifier, reply.payload == payload,
                        sent.indices.contains(Int(reply.sequence))
                    else { continue }
                    probe?.succeed(loop.time - sent[Int(reply.sequence)])
                    return
                }
            } catch {
                probe?.fail(error)
            }
        }
        probe.detach = { loop.remove(registration) }
        try probe.begin()
        return probe
    }
}

/// What cancels an operation of several steps, whichever runs.
final class Cancellation {
    var cancel: (() -> Void)?
}
