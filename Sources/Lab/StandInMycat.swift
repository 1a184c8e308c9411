/// A process that looks and answers like a Mycat node: a Java machine's arguments, and Mycat's greeting on port 8066.
import CLinux
import Glibc
import LinuxIO
import Wire

/// What a JVM started by Mycat's `startup_nowrap.sh` shows in /proc/PID/cmdline; checks look for the main class.
let mycatArguments = ["java", "-DMYCAT_HOME=.", "-server", "io.mycat.MycatStartup", "start"]

/// The port Mycat serves clients on.
let mycatPort: UInt16 = 8066

/// Listens on Mycat's port, greets each client as Mycat 1.6 does, and closes on whatever the client says first.
///
/// Returns an exit status, only when it cannot listen.
func beMycat() -> Int32 {
    signal(SIGPIPE, SIG_IGN)
    _ = pthread_setname_np(pthread_self(), mycatArguments[0])
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var yes: Int32 = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    let address = SocketAddress(.unspecified(.ipv4), port: mycatPort)
    let bound = address.withSocketAddress { bind(listener, .init(__sockaddr__: $0), $1) }
    guard bound == 0, listen(listener, 100) == 0 else {
        complain("the stand-in for Mycat cannot listen on port \(mycatPort): \(String(cString: strerror(errno)))")
        return 1
    }
    var clients: [pollfd] = []
    while true {
        var watched = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)] + clients
        guard poll(&watched, nfds_t(watched.count), -1) > 0 else { continue }
        clients = watched.dropFirst().filter { !hasFinished($0) }
        if watched[0].revents != 0 {
            let client = accept4(listener, .init(__sockaddr__: nil), nil, Int32(SOCK_CLOEXEC.rawValue))
            guard client >= 0 else { continue }
            greet(client)
            clients.append(pollfd(fd: client, events: Int16(POLLIN), revents: 0))
        }
    }
}

/// COM_QUIT, a login, or the end of the stream: the stand-in hangs up on all of them.
private func hasFinished(_ client: pollfd) -> Bool {
    guard client.revents != 0 else { return false }
    var octets: [UInt8] = .init(repeating: 0, count: 512)
    _ = read(client.fd, &octets, octets.count)
    close(client.fd)
    return true
}

/// MySQL's protocol-10 greeting with the field values of Mycat 1.6: packet 0, 85 octets.
private func greet(_ client: Int32) {
    var body: [UInt8] = [0x0a] + Array("5.6.29-mycat-1.6-RELEASE-20161028204710".utf8) + [0]
    body += [5, 0, 0, 0]  // thread
    body += Array("VW4Bn3Gt".utf8) + [0]  // first part of the scramble
    body += [0xcf, 0xb7, 0x21, 0x02, 0x00]  // capabilities, character set, status
    body += [UInt8](repeating: 0, count: 13)
    body += Array("IR1zVkiDf5BK".utf8) + [0]  // second part
    let packet = [UInt8(body.count), 0, 0, 0] + body
    write(client, packet, packet.count)
}
