/// What the tests of the dead man's grip need: a busy machine, one without memory, and a client that asks by ARP.
import CLinux
import Glibc
import Lab
import LinuxIO
import Wire

/// Keeps every processor busy with two threads that do nothing useful.
final class Load: Sendable {
    private let isOver = Lock(false)
    private let threads = Lock<[LinuxIO.Thread]>([])

    init() throws {
        let isOver = isOver
        for _ in 0..<max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) * 2 {
            let thread = try LinuxIO.Thread.start(name: "load") { while !isOver.withLock({ $0 }) {} }
            threads.withLock { $0.append(thread) }
        }
    }

    func stop() {
        isOver.withLock { $0 = true }
        let running = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in running { thread.join() }
    }

    deinit { stop() }
}

/// The hosts that answer the client's ARP question for an IPv4 address within 300 ms.
func answerers(of text: String, in lab: Lab) throws -> Set<Int> {
    guard case .v4(let address)? = IPAddress(text) else { throw LabError("\(text) is no IPv4 address") }
    let cards = try lab.hosts.map { host in
        let words = try host.run(["ip", "-o", "link", "show", "eth0"]).split(separator: " ")
        return words.firstIndex(of: "link/ether").flatMap { MACAddress(String(words[$0 + 1])) }
    }
    let found = try lab.client.inside { () throws(LabError) in
        do {
            return try cardsAnswering(address)
        } catch {
            throw LabError("\(error)")
        }
    }
    return Set(cards.indices.filter { cards[$0].map(found.contains) ?? false })
}

/// Asks on eth0 of this thread's network.
private func cardsAnswering(_ address: IPv4Address) throws -> Set<MACAddress> {
    guard let own = MACAddress("02:00:00:00:00:99") else { preconditionFailure("this is a MAC address") }
    let interface = try Interface(named: "eth0")
    let socket = try PacketSocket(hearing: .addressResolution, on: interface)
    let ring = PacketRing(capacity: 16, packetLength: 2048)
    let loop = try EventLoop()
    var found: Set<MACAddress> = []
    let registration = try loop.add(socket.descriptor, .read) { _ in
        _ = try? socket.receive(into: ring) { frame, _, _ in
            guard let packet = ARPPacket(decodingFrame: frame.bytes), packet.operation == .reply,
                packet.claims(address)
            else { return }
            found.insert(packet.senderMAC)
        }
    }
    try ARPPacket.probe(for: address, from: own).frame().withUnsafeBytes { try socket.send($0, on: interface.index) }
    loop.after(.milliseconds(300)) { loop.stop() }
    loop.run()
    loop.remove(registration)
    return found
}

/// A memory cgroup, of either version, whose processes run out of memory on demand.
final class MemoryGroup {
    /// Where groups are made, and the names of the files that differ between the versions.
    private struct Version {
        var root: String
        var limit: String
        var events: String
    }

    private static let version: Version? = {
        if access("/sys/fs/cgroup/memory/cgroup.procs", W_OK) == 0 {
            return Version(
                root: "/sys/fs/cgroup/memory", limit: "memory.limit_in_bytes", events: "memory.oom_control")
        }
        let control = try? FileReader.bytes("/sys/fs/cgroup/cgroup.subtree_control")
        guard let control, String(decoding: control, as: UTF8.self).contains("memory"),
            access("/sys/fs/cgroup/cgroup.procs", W_OK) == 0
        else { return nil }
        return Version(root: "/sys/fs/cgroup", limit: "memory.max", events: "memory.events")
    }()

    static var canBeMade: Bool { version != nil }

    private let version: Version
    private let path: String
    private var hog: Child?

    /// `limit`: octets that all its processes may have together.
    init(limit: Int) throws {
        guard let version = Self.version else { throw LabError("no memory cgroup can be made") }
        self.version = version
        path = "\(version.root)/halua-test-\(getpid())"
        guard mkdir(path, 0o755) == 0 else { throw LabError("\(path) cannot be made") }
        try write("\(path)/\(version.limit)", "\(limit)")
    }

    /// Puts a process into the group, as the first one to be killed.
    func condemn(_ process: pid_t) throws {
        try write("/proc/\(process)/oom_score_adj", "1000")
        try write("\(path)/cgroup.procs", "\(process)")
    }

    /// Starts a process in the group that takes memory without end.
    func exhaust() throws {
        hog = try Child(Command(["sh", "-c", "echo 0 > \(path)/cgroup.procs && exec tail /dev/zero"]))
    }

    /// How many processes the kernel has killed here.
    var kills: Int {
        get throws {
            let text = String(decoding: try FileReader.bytes("\(path)/\(version.events)"), as: UTF8.self)
            let line = text.split(separator: "\n").first { $0.hasPrefix("oom_kill ") }
            return line?.split(separator: " ").last.flatMap { Int($0) } ?? 0
        }
    }

    func remove() {
        if let hog {
            try? hog.signal(SIGKILL)
            _ = hog.collect()
        }
        // The kernel may need a moment until it counts nobody here.
        _ = waitUntil(.seconds(5)) { rmdir(path) == 0 }
    }

    private func write(_ file: String, _ text: String) throws {
        let descriptor = open(file, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw LabError("\(file) cannot be opened") }
        defer { close(descriptor) }
        guard Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count else {
            throw LabError("\(file) does not take \(text)")
        }
    }
}
