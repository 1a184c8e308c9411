/// Files with a limit, kernel settings, rights and scheduling.
import CLinux
import Glibc
import LinuxIO
import SystemPackage
import Testing

@Suite struct FileTests {
    @Test("a file is read whole up to its limit, and refused above it")
    func limit() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/file"
        let contents = (0..<10_000).map { UInt8($0 % 251) }
        let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
        #expect(write(descriptor, contents, contents.count) == contents.count)
        close(descriptor)
        #expect(try FileReader.bytes(path, limit: 10_000) == contents)
        #expect(try FileReader.bytes(path, limit: 20_000) == contents)
        let failure = #expect(throws: IOFailure.self) { try FileReader.bytes(path, limit: 9_999) }
        #expect(failure?.errno == .fileTooLarge)
        // /proc says 0 octets and gives more.
        #expect(try FileReader.bytes("/proc/self/status").count > 100)
        #expect(throws: IOFailure.self) { try FileReader.bytes("/proc/self/status", limit: 100) }
    }

    @Test("a FIFO without a writer is refused instead of waited for; so are folders and devices")
    func notRegular() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/fifo"
        #expect(mkfifo(path, 0o600) == 0)
        for path in [path, folder.path, "/dev/zero"] {
            let failure = #expect(throws: IOFailure.self) { try FileReader.bytes(path) }
            #expect(failure?.errno == .invalidArgument)
        }
        let missing = #expect(throws: IOFailure.self) { try FileReader.bytes("\(folder.path)/none") }
        #expect(missing?.errno == .noSuchFileOrDirectory)
        #expect(missing?.description == "open failed for \(folder.path)/none: No such file or directory")
    }

    @Test("a kernel setting of the thread's namespace is read and written", .needsNetworkRights)
    func sysctl() throws {
        try inNewNetworkNamespace {
            let setting = Sysctl("net/ipv4/conf/lo/arp_ignore")
            #expect(try setting.read() == "0")
            try setting.write("1")
            #expect(try setting.read() == "1")
            let failure = #expect(throws: IOFailure.self) { try setting.write("many") }
            #expect(failure?.errno == .invalidArgument)
            #expect(throws: IOFailure.self) { try Sysctl("net/ipv4/conf/none/arp_ignore").read() }
        }
        #expect(try Sysctl("net/ipv4/conf/lo/arp_ignore").read() == "0")
    }

    @Test("a thread enters a namespace by path", .needsNetworkRights)
    func namespacePath() throws {
        try inNewNetworkNamespace {
            try run("ip link add left type veth peer name right")
            #expect(throws: Never.self) { _ = try Interface(named: "left") }
            let mine = "/proc/\(getpid())/task/\(gettid())/ns/net"
            let outcome = Lock<String?>(nil)
            let thread = try Thread.start(name: "visitor") {
                do {
                    try NetworkNamespace.enter(mine)
                    let interface = try Interface(named: "left")
                    outcome.withLock { $0 = interface.name }
                } catch { outcome.withLock { $0 = "\(error)" } }
            }
            thread.join()
            #expect(outcome.withLock { $0 } == "left")
        }
        let failure = #expect(throws: IOFailure.self) { try NetworkNamespace.enter("halua-no-such-name") }
        #expect(failure?.errno == .noSuchFileOrDirectory)
    }

    @Test("the effective capabilities are those of /proc")
    func capabilities() throws {
        let status = try FileReader.text("/proc/thread-self/status")
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("CapEff:") })
        let bits = try #require(UInt64(line.dropFirst(8), radix: 16))
        #expect(Capabilities.effective.rawValue == bits)
    }

    @Test("a thread is put into the idle class from outside")
    func idleClass() throws {
        let finish = Lock(false)
        let thread = try Thread.start(name: "busy") {
            while !finish.withLock({ $0 }) { sched_yield() }
        }
        #expect(sched_getscheduler(thread.identifier) == SCHED_OTHER)
        try Scheduling.setIdleClass(thread.identifier)
        #expect(sched_getscheduler(thread.identifier) == SCHED_IDLE)
        finish.withLock { $0 = true }
        thread.join()
    }

    @Test("a real-time thread gets the round-robin class, or the refusal names the class")
    func realTime() throws {
        let outcome = Lock<(policy: Int32, failure: IOFailure?)>((-1, nil))
        let thread = try Thread.start(name: "real time") {
            do throws(IOFailure) {
                try Scheduling.setRealTimePriority(3)
                let policy = sched_getscheduler(0)
                outcome.withLock { $0.policy = policy }
            } catch { outcome.withLock { $0.failure = error } }
        }
        thread.join()
        let (policy, failure) = outcome.withLock { $0 }
        #expect(policy == SCHED_RR | SCHED_RESET_ON_FORK || failure?.errno == .notPermitted)
    }
}
