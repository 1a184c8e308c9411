/// halua.unix.connect(path): a connection to a local socket, as haproxy and supervisors have them.
import LinuxIO
import SystemPackage

/// Where a script wants to be connected to, all of it checked.
struct UnixRequest: Hashable {
    /// A path; "@name" means the abstract namespace.
    var path: String
    var timeout: Duration?
}

enum UnixBinding {
    static let functions = [
        HostFunction("unix.connect", .running, waits: true, fields: ["path", "timeout"], body: connect)
    ]

    /// The kernel says nothing when a listener's queue has room again.
    private static let pause = Duration.milliseconds(10)

    /// connect(path) or connect{path, timeout} → connection, or nil and an error.
    private static func connect(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        try perform(try request(call), call)
    }

    static func request(_ call: HostCall) throws(ScriptFault) -> UnixRequest {
        var request: UnixRequest
        if let path = call.stack.string(1) {
            request = UnixRequest(path: path)
        } else {
            let fields = try call.fields()
            request = UnixRequest(path: try fields.required("path", fields.string("path")))
            request.timeout = try fields.duration("timeout")
        }
        guard (1...107).contains(request.path.utf8.count), !request.path.utf8.contains(0) else {
            throw call.fault("the path of a local socket has 1 to 107 octets")
        }
        return request
    }

    static func perform(_ request: UnixRequest, _ call: HostCall) throws(ScriptFault) -> HostReturn {
        try call.requireWaiting()
        let (program, loop) = (call.program, call.scheduler.loop)
        let slot: HandleSlot
        do throws(OperatingError) { slot = try program.takeSlot("unix.connect") } catch { return call.fail(error) }
        return try call.wait("unix.connect") { wakeup in
            let attempts = LocalAttempts(request, loop: loop, pause: pause) { result in
                slot.free()
                ConnectionBinding.answer(wakeup, with: result, of: program)
            }
            return { attempts.cancel() }
        }
    }
}

/// Tries to connect until the listener's queue has room.
private final class LocalAttempts {
    private let request: UnixRequest
    private let loop: EventLoop
    private let pause: Duration
    private var completion: ((Result<Connection, OperatingError>) -> Void)?
    private var timer: TimerToken?
    private let end: Int64?

    init(
        _ request: UnixRequest, loop: EventLoop, pause: Duration,
        completion: @escaping (Result<Connection, OperatingError>) -> Void
    ) {
        self.request = request
        self.loop = loop
        self.pause = pause
        self.completion = completion
        end = request.timeout.map { loop.time + $0.wholeNanoseconds }
        again(after: .zero)
    }

    func cancel() {
        completion = nil
        if let timer { loop.cancel(timer) }
        timer = nil
    }

    private func again(after delay: Duration) {
        timer = loop.after(delay) { [weak self] in self?.attempt() }
    }

    private func attempt() {
        do throws(IOFailure) {
            let socket = try UnixSocket.connect(to: request.path)
            finish(.success(Connection(socket, peer: request.path, loop: loop)))
        } catch  where error.errno == .resourceTemporarilyUnavailable || error.errno == .wouldBlock {
            guard let timeout = request.timeout, let end, loop.time >= end else { return again(after: pause) }
            finish(.failure(failure(.timeout, "timed out after \(Durations.describe(timeout))")))
        } catch {
            switch error.errno {
            case .connectionRefused: finish(.failure(failure(.refused, "connection refused")))
            case .noSuchFileOrDirectory: finish(.failure(failure(.refused, "there is no such socket")))
            case .permissionDenied: finish(.failure(failure(.denied, "permission denied")))
            default: finish(.failure(failure(.denied, error.description)))
            }
        }
    }

    private func failure(_ kind: OperatingError.Kind, _ words: String) -> OperatingError {
        OperatingError(kind, "connect to \(request.path): \(words)")
    }

    private func finish(_ result: Result<Connection, OperatingError>) {
        let completion = completion
        cancel()
        completion?(result)
    }
}
