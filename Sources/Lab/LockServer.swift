/// A lock that all hosts of a lab share, as a service on one of them: what a strict promotion gate asks.
import CLinux
import Glibc
import LinuxIO
import Wire

/// The port of the lock service.
package let lockPort: UInt16 = 7_700

/// Answers lines such as "first 3000": takes or renews the lock for "first" and so many milliseconds, and says "yes"; or
/// says "held by second". One answer a connection.
///
/// Returns an exit status, only when it cannot listen.
func beLockServer() -> Int32 {
    signal(SIGPIPE, SIG_IGN)
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var yes: Int32 = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    let address = SocketAddress(.unspecified(.ipv4), port: lockPort)
    let bound = address.withSocketAddress { bind(listener, .init(__sockaddr__: $0), $1) }
    guard bound == 0, listen(listener, 100) == 0 else {
        complain("the lock service cannot listen on port \(lockPort): \(String(cString: strerror(errno)))")
        return 1
    }
    var lock = LabLock()
    while true {
        let client = accept4(listener, .init(__sockaddr__: nil), nil, Int32(SOCK_CLOEXEC.rawValue))
        guard client >= 0 else { continue }
        var octets: [UInt8] = .init(repeating: 0, count: 256)
        let count = read(client, &octets, octets.count)
        if count > 0 {
            let answer = Array((lock.answer(String(decoding: octets[..<count], as: UTF8.self)) + "\n").utf8)
            write(client, answer, answer.count)
        }
        close(client)
    }
}

/// Who has it, and until when.
private struct LabLock {
    private var holder = ""
    private var until = Moment(nanoseconds: 0)

    mutating func answer(_ line: String) -> String {
        let words = line.split { $0 == " " || $0.isNewline }
        guard words.count == 2, let milliseconds = Int(words[1]) else { return "say NAME MILLISECONDS" }
        guard holder == words[0] || until <= .now else { return "held by \(holder)" }
        holder = String(words[0])
        until = .now + .milliseconds(milliseconds)
        return "yes"
    }
}

extension LabHost {
    /// Starts the lock service on this host.
    package func startLock() throws(LabError) -> LabProcess {
        try startPart(.lock, arguments: ["lock"])
    }
}
