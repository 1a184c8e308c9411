/// Where log lines go, and in which form: journald's fields, syslog's lines, files that come back.
import CLinux
import Foundation
import Glibc
import LinuxIO
import Logging
import Testing

@testable import Daemon

@Suite struct LogSinksTests {
    private let line = LogLine(
        level: .warning, realtimeNanoseconds: 1_764_178_501_123_000_000, message: "VI_1: BACKUP → MASTER",
        fields: [.init(key: "instance", value: "VI_1"), .init(key: "reason", value: "no \"one\" was heard")])

    /// A logging daemon at a path.
    private final class Listener {
        let descriptor: Int32
        init(_ path: String) {
            descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
            unlink(path)
            let length = socklen_t(MemoryLayout<sockaddr_un>.size)
            withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { plain in
                    _ = bind(descriptor, .init(__sockaddr__: plain), length)
                }
            }
        }
        deinit { close(descriptor) }

        func next() -> String {
            var octets = [UInt8](repeating: 0, count: 65_536)
            let count = recv(descriptor, &octets, octets.count, Int32(MSG_DONTWAIT))
            return String(decoding: octets.prefix(max(0, count)), as: UTF8.self)
        }
    }

    private func inFolder(_ body: (String) throws -> Void) throws {
        let folder = "/tmp/halua-log-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        mkdir(folder, 0o755)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    @Test("an entry for journald has its fields by name, and several lines with their length")
    func journalForm() {
        var targets = LogTargets()
        targets.facility = 3
        let text = String(decoding: journalDatagram(line, targets), as: UTF8.self)
        for field in [
            "MESSAGE=VI_1: BACKUP → MASTER\n", "PRIORITY=4\n", "SYSLOG_IDENTIFIER=haluad\n", "SYSLOG_FACILITY=19\n",
            "HALUA_INSTANCE=VI_1\n", "HALUA_REASON=no \"one\" was heard\n",
        ] { #expect(text.contains(field), "\(field)") }
        var several = line
        several.message = "one\ntwo"
        several.fields = [.init(key: "odd-key.x", value: "y")]
        let octets = journalDatagram(several, targets)
        #expect(octets.starts(with: Array("MESSAGE\n".utf8) + [7, 0, 0, 0, 0, 0, 0, 0] + Array("one\ntwo\n".utf8)))
        #expect(String(decoding: octets, as: UTF8.self).hasSuffix("HALUA_ODD_KEY_X=y\n"))
    }

    @Test("a line for syslog has its fields behind it, all in one line")
    func syslogForm() {
        setenv("TZ", "UTC", 1)
        tzset()
        var line = line
        line.message = "a\n  b"
        #expect(
            String(decoding: syslogDatagram(line, LogTargets()), as: UTF8.self)
                == "<28>Nov 26 17:35:01 haluad[\(getpid())]: a | b instance=VI_1 reason=\"no \\\"one\\\" was heard\"")
    }

    @Test("journald is chosen when standard error leads to it, and only then")
    func choice() {
        var facts = stat()
        fstat(STDERR_FILENO, &facts)
        #expect(LogTargets.journalSocket { _ in "\(facts.st_dev):\(facts.st_ino)" } == "/run/systemd/journal/socket")
        #expect(LogTargets.journalSocket { _ in "1:2" } == nil)
        #expect(LogTargets.journalSocket { _ in nil } == nil)
        var targets = LogTargets()
        #expect(!targets.consoleIsJournal)
        targets.journal = "/run/systemd/journal/socket"
        #expect(targets.consoleIsJournal, "the same line does not come twice")
        targets.syslog = false
        #expect(!targets.consoleIsJournal)
    }

    @Test("a logging daemon that was gone hears how much it has missed; nobody waits for it")
    func restartedListener() throws {
        try inFolder { folder in
            for isJournal in [true, false] {
                var targets = LogTargets()
                let path = folder + "/log"
                if isJournal { targets.journal = path } else { targets.syslogPath = path }
                let sinks = LogSinks(targets)
                for _ in 0..<3 { sinks.write(line) }
                let listener = Listener(path)
                sinks.write(line)
                #expect(listener.next().contains("3 log lines were lost: nobody took them at \(path)"))
                #expect(listener.next().contains("BACKUP → MASTER"))
                sinks.write(line)
                #expect(listener.next().contains("BACKUP → MASTER"))
                // Nobody reads: its queue is full soon.
                for _ in 0..<14 { sinks.write(line) }
                while !listener.next().isEmpty {}
                sinks.write(line)
                #expect(listener.next().contains(" log lines were lost"))
                unlink(path)
            }
        }
    }

    @Test("a file that was renamed goes on until it is opened anew; a full one is told of once, elsewhere")
    func files() throws {
        try inFolder { folder in
            var targets = LogTargets()
            let path = folder + "/halua.log"
            (targets.file, targets.syslogPath) = (path, folder + "/log")
            let listener = Listener(folder + "/log")
            let sinks = LogSinks(targets)
            sinks.write(line)
            rename(path, path + ".1")
            sinks.write(line)
            sinks.reopen()
            sinks.write(line)
            let counts = try [path + ".1", path].map {
                try String(contentsOfFile: $0, encoding: .utf8).split(separator: "\n").count
            }
            #expect(counts == [2, 1])
            while !listener.next().isEmpty {}
            targets.file = "/dev/full"
            let full = LogSinks(targets)
            for _ in 0..<3 { full.write(line) }
            var said = [listener.next()]
            while let last = said.last, !last.isEmpty { said.append(listener.next()) }
            #expect(
                said.count { $0.contains("the log file /dev/full cannot be written: No space left") } == 1, "\(said)")
            targets.file = folder + "/missing/halua.log"
            let missing = LogSinks(targets)
            for _ in 0..<2 { missing.write(line) }
            said = [listener.next(), listener.next(), listener.next(), listener.next()]
            #expect(said.count { $0.contains("missing/halua.log cannot be opened: No such file") } == 1, "\(said)")
            mkdir(folder + "/missing", 0o755)
            missing.write(line)
            let text = try String(contentsOfFile: folder + "/missing/halua.log", encoding: .utf8)
            #expect(text.hasPrefix("(2 lines are missing here)\n") && text.contains("BACKUP → MASTER"), "\(text)")
        }
    }
}
