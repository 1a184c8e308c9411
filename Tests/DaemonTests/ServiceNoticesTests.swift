/// What a service manager hears, by a socket that stands for it and a clock that is moved by hand.
import CLinux
import Glibc
import LinuxIO
import Logging
import Testing

@testable import Daemon

@Suite struct ServiceNoticesTests {
    /// The other end of NOTIFY_SOCKET, in the abstract namespace.
    private final class Manager {
        let name = "@halua-test-\(UInt64.random(in: 0 ... .max))"
        private let receiver = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)

        init() throws {
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let octets = [0] + Array(name.utf8.dropFirst())
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: octets) }
            let length = socklen_t(MemoryLayout<sa_family_t>.size + octets.count)
            let bound = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(receiver, .init(__sockaddr__: $0), length)
                }
            }
            try #require(bound == 0)
        }

        deinit { close(receiver) }

        /// All that has come since the last question.
        func heard() -> [String] {
            var all: [String] = []
            var buffer = [UInt8](repeating: 0, count: 2000)
            while case let count = recv(receiver, &buffer, buffer.count, Int32(MSG_DONTWAIT)), count > 0 {
                all.append(String(decoding: buffer.prefix(count), as: UTF8.self))
            }
            return all
        }
    }

    private let manager: Manager
    private let loop: EventLoop

    init() throws {
        manager = try Manager()
        loop = try EventLoop(handClock: HandClock(start: 1_000_000_000, wallStart: 0))
    }

    private func notices(watchdog: String? = nil) throws -> ServiceNotices {
        var environment = ["NOTIFY_SOCKET": manager.name]
        environment["WATCHDOG_USEC"] = watchdog
        let words = environment
        let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return try #require(
            ServiceNotices.make(loop: loop, logger: quiet) { () throws(IOFailure) in
                try ServiceManager.make { words[$0] }
            })
    }

    private func advance(_ span: Duration) {
        let end = loop.now + span.wholeNanoseconds
        while let next = loop.nextDeadline, next <= end {
            loop.crank(to: max(next, loop.now))
            loop.turn(maximumWait: .zero)
        }
        loop.crank(to: end)
    }

    @Test("the service manager hears readiness with the states, and each turn's changes once")
    func states() throws {
        let notices = try notices()
        var state = "INIT"
        notices.stateChanged()
        loop.turn(maximumWait: .zero)
        #expect(manager.heard().isEmpty, "nothing before the daemon is ready")
        notices.begin { [("VI_1", state), ("VI_2", "BACKUP")] }
        #expect(manager.heard() == ["READY=1\nSTATUS=VI_1 INIT, VI_2 BACKUP"])
        state = "MASTER"
        notices.stateChanged()
        notices.stateChanged()
        loop.turn(maximumWait: .zero)
        #expect(manager.heard() == ["STATUS=VI_1 MASTER, VI_2 BACKUP"])
        notices.stopping()
        #expect(manager.heard() == ["STOPPING=1"])
    }

    @Test("many instances are counted, not named")
    func many() throws {
        let notices = try notices()
        notices.begin { (1...20).map { ("VI_\($0)", $0 < 4 ? "BACKUP" : "MASTER") } }
        #expect(manager.heard() == ["READY=1\nSTATUS=17 MASTER, 3 BACKUP"])
    }

    @Test("a reload is told from its beginning to its end")
    func reload() throws {
        let notices = try notices()
        notices.begin { [("VI_1", "BACKUP")] }
        _ = manager.heard()
        notices.reloading()
        let words = manager.heard()
        #expect(words.count == 1 && words[0].hasPrefix("RELOADING=1\nMONOTONIC_USEC="), "\(words)")
        notices.reloaded()
        #expect(manager.heard() == ["READY=1\nSTATUS=VI_1 BACKUP"])
    }

    @Test("the watchdog is fed by turns of the main loop, and by nothing else")
    func watchdog() throws {
        let notices = try notices(watchdog: "10000000")
        notices.begin { [] }
        #expect(manager.heard() == ["READY=1\nSTATUS=no instances", "WATCHDOG=1"])
        advance(.seconds(20))
        let fed = manager.heard()
        #expect(fed == [String](repeating: "WATCHDOG=1", count: 5))
        // A loop that stands still says nothing, however much time goes by.
        loop.crank(to: loop.now + 60_000_000_000)
        #expect(manager.heard().isEmpty)
    }

    @Test("without a watchdog nobody is kept awake")
    func noWatchdog() throws {
        let notices = try notices()
        notices.begin { [] }
        #expect(loop.nextDeadline == nil)
        withExtendedLifetime(notices) {}
    }
}
