/// Asks a running haluad over its control socket, as `halua status` does.
import CLinux
import ControlProtocol
import Glibc
import LinuxIO

/// The daemon's report; throws when it does not answer within a second or says something else.
package func askStatus(_ path: String) throws(LabError) -> StatusReport {
    switch try ask(path, .status) {
    case .status(let report): return report
    case .reload: throw LabError("haluad answered the question for its status with the outcome of a reload")
    case .error(let sentence): throw LabError("haluad refused to report its status: \(sentence)")
    }
}

/// Sends one request to the control socket at `path` and returns the answer.
package func ask(_ path: String, _ request: ControlRequest) throws(LabError) -> ControlAnswer {
    let connection = try Descriptor("socket") {
        socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let octets = Array(path.utf8)
    precondition(octets.count < MemoryLayout.size(ofValue: address.sun_path), "the lab's paths are short")
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: octets) }
    var limit = timeval(tv_sec: 1, tv_usec: 0)
    setsockopt(connection.number, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    try explained { () throws(IOFailure) in
        try systemCall("connect", detail: path) {
            withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(connection.number, .init(__sockaddr__: $0), socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        }
    }
    try connection.write(Array((request.json.text() + "\n").utf8))
    var line: [UInt8] = []
    while !line.contains(0x0a), case let more = connection.read(), !more.isEmpty { line += more }
    do {
        return try ControlAnswer(json: JSONValue(parsing: line.prefix { $0 != 0x0a }))
    } catch {
        throw LabError("haluad's answer on \(path) cannot be read: \(error)")
    }
}
