/// A database behind the stand-in for Mycat, and the heartbeat by which the stand-in knows it.
import CLinux
import Glibc
import LinuxIO

/// The port of the database.
package let backendPort: UInt16 = 3306

/// What the stand-in for a database shows in /proc/PID/cmdline.
let backendArguments = ["mariadbd", "--bind-address=0.0.0.0"]

/// Greets as MariaDB does and hangs up. Returns an exit status, only when it cannot listen.
func beBackend() -> Int32 {
    signal(SIGPIPE, SIG_IGN)
    _ = pthread_setname_np(pthread_self(), backendArguments[0])
    guard let listener = listen(on: backendPort) else {
        complain("the stand-in for a database cannot listen on \(backendPort): \(String(cString: strerror(errno)))")
        return 1
    }
    let greeting = MySQLPacket.greeting("10.11.6-MariaDB")
    while true {
        let client = accept4(listener, .init(__sockaddr__: nil), nil, Int32(SOCK_CLOEXEC.rawValue))
        guard client >= 0 else { continue }
        _ = send(client, greeting, greeting.count, 0)
        close(client)
    }
}

/// Mycat's heartbeat to one backend: a connection that is greeted, or is not.
struct BackendHeartbeat {
    private let address: SocketAddress
    /// The connection on which an answer is waited for; negative: none.
    private(set) var descriptor: Int32 = -1
    private var code = 0
    private var answers = 0

    init(_ address: SocketAddress) { self.address = address }

    /// Begins, unless the last one has not been answered: a frozen backend keeps Mycat "checking".
    mutating func ask() {
        if descriptor < 0 { descriptor = beginConnecting(to: address) }
    }

    /// Takes the answer, or the news that there will be none.
    mutating func hear() {
        var octet: UInt8 = 0
        code = recv(descriptor, &octet, 1, 0) == 1 ? 1 : -1
        answers += 1
        close(descriptor)
        descriptor = -1
    }

    /// What the manager tells about it.
    func show(in backend: inout MycatTables.Backend) {
        backend.host = "\(address.address)"
        backend.port = Int(address.port)
        backend.code = code
        backend.status = descriptor < 0 ? "idle" : "checking"
        backend.lastActive = "\(answers)"
    }
}
