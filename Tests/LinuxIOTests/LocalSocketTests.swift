/// Local and TCP streams, the service manager's socket, and signals.
import CLinux
import Glibc
import LinuxIO
import SystemPackage
import Testing
import Wire

/// A folder of a test's own, removed with what is in it.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/halua-test-XXXXXX\0".utf8CString)
        let made = mkdtemp(&template)
        try #require(made != nil)
        path = template.withUnsafeBufferPointer {
            String(decoding: $0.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    deinit {
        if let child = try? Child(Command(["rm", "-rf", path])) { _ = child.collect() }
    }
}

@Suite struct LocalSocketTests {
    private func text(_ stream: StreamSocket) throws -> String? {
        var buffer = [UInt8](repeating: 0, count: 100)
        let received = try buffer.withUnsafeMutableBytes { try stream.receive(into: $0) }
        guard case .bytes(let count) = received else { return nil }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    private func send(_ text: String, _ stream: StreamSocket) throws {
        let sent = try Array(text.utf8).withUnsafeBytes { try stream.send($0) }
        #expect(sent == text.utf8.count)
    }

    @Test("a local connection carries octets both ways and tells who the peer is")
    func localStream() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/control"
        let listener = try UnixListener(path: path, mode: 0o660)
        #expect(try listener.accept() == nil)
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o660)
        let client = try UnixSocket.connect(to: path)
        let server = try #require(try listener.accept())
        let expected = PeerCredentials(process: getpid(), user: getuid(), group: getgid())
        #expect(try server.peerCredentials() == expected)
        #expect(try text(server) == nil)
        try send("question", client)
        #expect(try text(server) == "question")
        try send("answer", server)
        #expect(try text(client) == "answer")
        client.shutdownSending()
        var octet: UInt8 = 0
        let end = try withUnsafeMutableBytes(of: &octet) { try server.receive(into: $0) }
        #expect(end == .end)
    }

    @Test("a second listener is refused while the first lives; a dead one's file is replaced, and removed at the end")
    func staleFile() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/control"
        do {
            let listener = try UnixListener(path: path, mode: 0o600)
            let failure = #expect(throws: IOFailure.self) { _ = try UnixListener(path: path, mode: 0o600) }
            #expect(failure?.errno == .addressInUse)
            withExtendedLifetime(listener) {}
        }
        #expect(access(path, F_OK) != 0)
        // What a killed process leaves: a file on which nobody listens.
        let dead = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(dead, .init(__sockaddr__: $0), socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(bound == 0)
        close(dead)
        #expect(access(path, F_OK) == 0)
        let listener = try UnixListener(path: path, mode: 0o600)
        _ = try UnixSocket.connect(to: path)
        #expect(try listener.accept() != nil)
    }

    @Test("a path that is too long for a local socket is an error, not a cut name")
    func longPath() {
        let path = "/tmp/" + String(repeating: "x", count: 104)
        #expect(throws: IOFailure.self) { _ = try UnixListener(path: path, mode: 0o600) }
    }

    @Test("a TCP connection is made without waiting, and a refused one says so", .needsNetworkRights)
    func tcp() throws {
        try inNewNetworkNamespace {
            let loop = try EventLoop()
            let here = SocketAddress(try address("127.0.0.1"), port: 4000)
            func outcome(_ destination: SocketAddress, source: IPAddress?) throws -> Errno? {
                let stream: StreamSocket
                do throws(IOFailure) {
                    stream = try TCPConnector.start(to: destination, source: source, interface: "lo")
                } catch { return error.errno }
                var result: Errno?? = .none
                let registration = try loop.add(stream.descriptor, .write) { _ in
                    do throws(IOFailure) {
                        try stream.finishConnecting()
                        result = .some(nil)
                    } catch { result = error.errno }
                }
                #expect(loop.turn(until: { result != .none }))
                loop.remove(registration)
                return result ?? nil
            }
            #expect(try outcome(here, source: nil) == .connectionRefused)
            let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(listener) }
            #expect(here.withSocketAddress { bind(listener, .init(__sockaddr__: $0), $1) } == 0)
            #expect(listen(listener, 5) == 0)
            #expect(try outcome(here, source: try address("127.0.0.9")) == nil)
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let accepted = withUnsafeMutablePointer(to: &storage) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    accept(listener, .init(__sockaddr__: $0), &length)
                }
            }
            #expect(accepted >= 0)
            close(accepted)
            #expect(SocketAddress(storage)?.address == (try address("127.0.0.9")))
            #expect(try outcome(here, source: try address("192.0.2.1")) == .addressNotAvailable)
        }
    }

    @Test("addresses of both families survive the way through the kernel's form")
    func socketAddress() throws {
        for original in [
            SocketAddress(try address("192.0.2.1"), port: 443),
            SocketAddress(try address("fe80::1:2"), port: 1, scope: 3),
        ] {
            var storage = sockaddr_storage()
            _ = original.write(to: &storage)
            #expect(SocketAddress(storage) == original)
        }
        #expect(SocketAddress(sockaddr_storage()) == nil)
    }

    @Test("the service manager hears readiness, reload and life signs; without one there is nobody to tell")
    func serviceManager() throws {
        #expect(try ServiceManager.make { _ in nil } == nil)
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/notify"
        let receiver = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(receiver) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(receiver, .init(__sockaddr__: $0), socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
        func heard() -> String {
            var buffer = [UInt8](repeating: 0, count: 500)
            let count = recv(receiver, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        }
        let environment = ["NOTIFY_SOCKET": path, "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "\(getpid())"]
        let manager = try #require(try ServiceManager.make { environment[$0] })
        #expect(manager.watchdog == .seconds(3))
        try manager.ready(status: "two instances")
        #expect(heard() == "READY=1\nSTATUS=two instances")
        try manager.reloading()
        #expect(heard().hasPrefix("RELOADING=1\nMONOTONIC_USEC="))
        try manager.keepAlive()
        #expect(heard() == "WATCHDOG=1")
        try manager.stopping()
        #expect(heard() == "STOPPING=1")
        let other = environment.merging(["WATCHDOG_PID": "1"]) { $1 }
        #expect(try ServiceManager.make { other[$0] }?.watchdog == nil)
    }

    @Test("a signal becomes an event with its sender")
    func signals() throws {
        // On a thread of its own: the mask and the signal stay there.
        let loop = try EventLoop()
        let mailbox = try Mailbox<SignalNotice>()
        var notice: SignalNotice?
        try mailbox.attach(to: loop) { notice = $0 }
        let thread = try Thread.start(name: "signals") {
            do {
                let loop = try EventLoop()
                let signals = try Signals([SIGUSR2])
                try signals.attach(to: loop) {
                    mailbox.send($0)
                    loop.stop()
                }
                pthread_kill(pthread_self(), SIGUSR2)
                loop.run()
            } catch { Issue.record(error) }
        }
        #expect(loop.turn(until: { notice != nil }))
        thread.join()
        #expect(notice == SignalNotice(number: SIGUSR2, sender: getpid(), senderUser: getuid()))
    }
}
