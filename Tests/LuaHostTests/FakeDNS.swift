/// A DNS server on loopback that knows what a test tells it.
import CLinux
import Glibc
import LinuxIO

/// Answers questions on a UDP port of its own choice.
final class FakeDNS {
    enum Behaviour: Sendable {
        /// Reads and never answers.
        case silent
        /// Octets that are no DNS message.
        case garbage
        /// This response code for everything: 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED.
        case code(UInt8)
        /// Records by type and name; a known name without that type has no data, an unknown one does not exist.
        case knows([Record])
    }

    struct Record: Sendable {
        var name: String
        var type: UInt16
        var data: [UInt8]

        static func ipv4(_ name: String, _ octets: UInt8...) -> Record { Record(name: name, type: 1, data: octets) }
        static func ipv6(_ name: String, _ last: UInt8) -> Record {
            Record(name: name, type: 28, data: [0x20, 1, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [last])
        }
        static func loopback6(_ name: String) -> Record {
            Record(name: name, type: 28, data: [UInt8](repeating: 0, count: 15) + [1])
        }
        static func text(_ name: String, _ pieces: String...) -> Record {
            Record(name: name, type: 16, data: pieces.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) })
        }
        static func pointer(_ name: String, _ target: String) -> Record {
            Record(name: name, type: 12, data: encoded(target))
        }
        static func service(_ name: String, _ numbers: [UInt16], _ target: String) -> Record {
            let head = numbers.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
            return Record(name: name, type: 33, data: head + encoded(target))
        }

        static func encoded(_ name: String) -> [UInt8] {
            name.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
        }
    }

    let port: Int
    private let descriptor: Int32
    private let asked = Lock(0)
    /// How many questions came.
    var questionCount: Int { asked.withLock { $0 } }

    init(_ behaviour: Behaviour) {
        (descriptor, port) = boundSocket(SOCK_DGRAM)
        let thread = try? Thread.start(name: "fake-dns") { [descriptor, asked] in
            Self.serve(descriptor, behaviour, asked)
            close(descriptor)
        }
        thread?.detach()
    }

    deinit { shutdown(descriptor, Int32(SHUT_RDWR)) }

    private static func serve(_ descriptor: Int32, _ behaviour: Behaviour, _ asked: Lock<Int>) {
        var buffer = [UInt8](repeating: 0, count: 1_500)
        while true {
            var peer = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let count = withUnsafeMutablePointer(to: &peer) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    recvfrom(descriptor, &buffer, buffer.count, 0, .init(__sockaddr__: $0), &length)
                }
            }
            // 0: shut down.
            guard count > 0 else { return }
            asked.withLock { $0 += 1 }
            guard let answer = answer(Array(buffer[..<count]), behaviour) else { continue }
            withUnsafePointer(to: &peer) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    _ = sendto(descriptor, answer, answer.count, 0, .init(__sockaddr__: $0), length)
                }
            }
        }
    }

    private static func answer(_ question: [UInt8], _ behaviour: Behaviour) -> [UInt8]? {
        switch behaviour {
        case .silent: return nil
        case .garbage: return [1, 2, 3]
        case .code(let code): return message(question, code, [])
        case .knows(let records):
            // The name is in labels, and the type follows its end.
            guard let end = question.dropFirst(12).firstIndex(of: 0), question.count >= end + 5 else { return nil }
            let name = Array(question[12...end])
            let type = UInt16(question[end + 1]) << 8 | UInt16(question[end + 2])
            let same = records.filter { Record.encoded($0.name) == name }
            return message(question, same.isEmpty ? 3 : 0, same.filter { $0.type == type })
        }
    }

    private static func message(_ question: [UInt8], _ code: UInt8, _ records: [Record]) -> [UInt8] {
        guard let end = question.dropFirst(12).firstIndex(of: 0) else { return [] }
        let head: [UInt8] = question[..<2] + [0x81, 0x80 | code, 0, 1, 0, UInt8(records.count), 0, 0, 0, 0]
        var answer: [UInt8] = head + question[12..<(end + 5)]
        for record in records {
            answer += [0xC0, 12, UInt8(record.type >> 8), UInt8(record.type & 0xFF), 0, 1, 0, 0, 0, 60]
            answer += [UInt8(record.data.count >> 8), UInt8(record.data.count & 0xFF)]
            answer += record.data
        }
        return answer
    }
}

/// A socket on loopback with a port of the kernel's choice.
func boundSocket(_ type: __socket_type) -> (descriptor: Int32, port: Int) {
    let descriptor = socket(AF_INET, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let port = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
            let bound = bind(descriptor, .init(__sockaddr__: generic), length)
            precondition(bound == 0, "a port on loopback is free")
            _ = getsockname(descriptor, .init(__sockaddr__: generic), &length)
        }
        return Int(UInt16(bigEndian: pointer.pointee.sin_port))
    }
    return (descriptor, port)
}
