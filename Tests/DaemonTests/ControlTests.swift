/// The control socket and its language, over a real socket.
import ControlProtocol
import Foundation
import Glibc
import LinuxIO
import Logging
import Testing

@testable import Daemon

@Suite struct StatusReportTests {
    @Test("a report survives the way through JSON unchanged")
    func roundTrip() throws {
        let text = ControlAnswer.status(sampleReport).json.text()
        #expect(try ControlAnswer(json: JSONValue(parsing: text.utf8)) == .status(sampleReport))
    }

    @Test("text with quotes, newlines and any script survives JSON")
    func strings() throws {
        let value = JSONValue.object([.init("k", .string("a\"b\\\n\t\u{1}主备切换 −20"))])
        #expect(try JSONValue(parsing: value.text().utf8) == value)
        #expect(try JSONValue(parsing: value.text(indented: true).utf8) == value)
    }

    @Test("a missing member is named")
    func missing() {
        #expect(performing: { try StatusReport(json: ["version": "1"]) }, throws: { "\($0)".contains("\"pid\"") })
    }

    @Test("a request of another version is refused with both numbers")
    func version() {
        #expect(
            performing: { try ControlRequest(json: ["version": 7, "request": "status"]) },
            throws: { "\($0)".contains("version 1") && "\($0)".contains("gives 7") })
    }
}

@Suite struct ControlServerTests {
    @Test("a client gets its answer")
    func answers() throws {
        try withServer { path in
            let answer = try ControlClient.ask(.status, at: path, timeout: .seconds(5))
            #expect(answer == .status(sampleReport))
        }
    }

    @Test("garbage is answered with an error that says what was wrong")
    func garbage() throws {
        try withServer { path in
            let socket = try UnixSocket.connect(to: path)
            _ = try socket.send(Array("this is no JSON\n".utf8)[...])
            let answer = try readLine(socket)
            #expect(answer.contains("error") && answer.contains("can't be understood"))
        }
    }

    @Test("a line without an end is cut off, and the next client is served")
    func endlessLine() throws {
        try withServer { path in
            let socket = try UnixSocket.connect(to: path)
            let junk = [UInt8](repeating: 65, count: 200_000)
            var sent = 0
            while sent < junk.count, let count = try? socket.send(junk[sent...]), count > 0 { sent += count }
            #expect(try ControlClient.ask(.status, at: path, timeout: .seconds(5)) == .status(sampleReport))
        }
    }

    @Test("clients that only connect keep nobody out: the one that has been idle for longest loses its place")
    func manyClients() throws {
        try withServer { path in
            var idle: [StreamSocket] = []
            for _ in 0..<300 {
                if let socket = try? UnixSocket.connect(to: path) { idle.append(socket) }
            }
            #expect(idle.count > 100)
            for _ in 0..<3 {
                let answer = try ControlClient.ask(.status, at: path, timeout: .seconds(5))
                #expect(answer == .status(sampleReport))
            }
        }
    }

    @Test("several requests in one piece are answered in their order, and one without an end of line, too")
    func pipelined() throws {
        try withServer { path in
            let socket = try UnixSocket.connect(to: path)
            let status = ControlRequest.status.json.text()
            let text = Array("\(status)\nnonsense\n\(ControlRequest.metrics.json.text())".utf8)
            let count = try socket.send(text[...])
            #expect(count == text.count)
            socket.shutdownSending()
            var bytes: [UInt8] = []
            for _ in 0..<250 {
                if case .end = try socket.receive(appendingTo: &bytes) { break }
                usleep(20_000)
            }
            let answers = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            #expect(answers.count == 3)
            #expect(answers.first?.contains("\"status\"") == true)
            #expect(answers.dropFirst().first?.contains("can't be understood") == true)
            #expect(answers.last?.contains("\"metrics\"") == true)
        }
    }

    @Test("only root may open the socket")
    func mode() throws {
        try withServer { path in
            var facts = stat()
            #expect(stat(path, &facts) == 0)
            #expect(facts.st_mode & 0o777 == 0o600)
        }
    }

    @Test(
        "the control group may look and nothing else, and leaves places for root", .enabled(if: geteuid() == 0, "root"),
        .timeLimit(.minutes(1)))
    func group() throws {
        try withServer(group: 65534) { path in
            var facts = stat()
            #expect(stat(path, &facts) == 0)
            #expect(facts.st_mode & 0o777 == 0o660 && facts.st_gid == 65534)
            let guest = try Guest(path)
            #expect(try ControlAnswer(json: JSONValue(parsing: guest.line().utf8)) == .status(sampleReport))
            for name in ["reload", "doctor"] {
                let sentence = "\(name) is for root: the control group nogroup may ask for status and metrics"
                #expect(try ControlAnswer(json: JSONValue(parsing: guest.line().utf8)) == .error(sentence))
            }
            #expect(guest.line() == "open")
            let answer = try ControlClient.ask(.reload, at: path, timeout: .seconds(5))
            #expect(answer == .reload(accepted: true, text: "taken"))
        }
    }

    @Test("nobody listening is said in words")
    func nobody() {
        #expect(
            performing: { try ControlClient.ask(.status, at: "/nonexistent/halua.sock") },
            throws: { "\($0)".contains("no haluad listens") })
    }
}

/// Runs a server on a thread of its own while the body plays the client.
private func withServer(group: gid_t? = nil, _ body: (_ path: String) throws -> Void) throws {
    let directory = "/tmp/halua-control-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    mkdir(directory, 0o755)
    defer { rmdir(directory) }
    let path = directory + "/control.sock"
    let stop = try Mailbox<Bool>()
    let ready = try Mailbox<Bool>()
    let thread = try LinuxIO.Thread.start(name: "control-test", stackSize: 1 << 20) {
        guard let loop = try? EventLoop(),
            let server = try? ControlServer(
                path: path, loop: loop,
                access: ControlAccess(owner: geteuid(), group: group, groupName: "nogroup"),
                logger: Logger(label: "test") { _ in LogBook() },
                handler: { request, caller, answer in
                    switch request {
                    case .status: answer(.status(sampleReport))
                    case .metrics: answer(.metrics("# TYPE a gauge\na{b=\"c\"} 1\n"))
                    case .keepalivedDump: answer(.keepalivedDump([]))
                    case .reload: answer(.reload(accepted: true, text: "taken"))
                    case .doctor: answer(.error("no examination in this test"))
                    case .demote(let order):
                        answer(.order(OrderResult(isDone: true, text: "\(order) by \(caller.credentials.user)")))
                    case .restore: answer(.order(OrderResult(isDone: false, text: "not demoted")))
                    case .switchover: answer(.switchover(SwitchoverReport(isDone: false, parts: [], remarks: ["no"])))
                    }
                }),
            (try? stop.attach(to: loop) { _ in loop.stop() }) != nil
        else { return }
        ready.send(true)
        loop.run()
        server.close()
    }
    let waiting = try EventLoop()
    try ready.attach(to: waiting) { _ in waiting.stop() }
    waiting.after(.seconds(5)) { waiting.stop() }
    waiting.run()
    defer {
        stop.send(true)
        thread.join()
    }
    try body(path)
}

/// A client of the group, without any right: prints three answers, then opens as many connections as it can.
private final class Guest {
    private static let program = """
        import socket, sys
        def ask(word):
            s = socket.socket(socket.AF_UNIX)
            s.settimeout(5)
            s.connect(sys.argv[1])
            s.sendall(('{"version": 1, "request": "%s"}\\n' % word).encode())
            print(s.makefile().readline(), end='', flush=True)
        for word in ('status', 'reload', 'doctor'):
            ask(word)
        kept = []
        for number in range(20):
            s = socket.socket(socket.AF_UNIX)
            s.connect(sys.argv[1])
            kept.append(s)
        print('open', flush=True)
        sys.stdin.read()
        """
    private let process = Process()
    private let output = Pipe()
    private let input = Pipe()
    private var rest = ""

    init(_ path: String) throws {
        process.executableURL = URL(filePath: "/usr/bin/setpriv")
        process.arguments = [
            "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3", "-c", Self.program, path,
        ]
        process.standardOutput = output
        process.standardInput = input
        try process.run()
    }

    func line() -> String {
        while !rest.contains("\n"), case let more = output.fileHandleForReading.availableData, !more.isEmpty {
            rest += String(decoding: more, as: UTF8.self)
        }
        let line = rest.prefix { $0 != "\n" }
        rest = String(rest.dropFirst(line.count + 1))
        return String(line)
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}

private func readLine(_ socket: StreamSocket) throws -> String {
    var bytes: [UInt8] = []
    for _ in 0..<250 where bytes.last != UInt8(ascii: "\n") {
        _ = try socket.receive(appendingTo: &bytes)
        usleep(20_000)
    }
    return String(decoding: bytes, as: UTF8.self)
}

private let sampleReport = StatusReport(
    version: "0.1.0", processID: 42, uptimeMs: 61_000, host: "mycat01", configurationFile: "/etc/halua/halua.conf",
    instances: [
        InstanceStatus(
            name: "VI_1", state: "MASTER", stateAgeMs: 1_500, interface: "eth0", virtualRouterID: 196, vrrpVersion: 2,
            family: "IPv4", priority: 180, basePriority: 200, priorityExplanation: "200 −20 mycat.backends = 180",
            intervalMs: 1_000, masterDownIntervalMs: 3_218, preempts: false, addresses: ["192.168.4.200/32"],
            holdsAddresses: true, source: "192.168.4.196",
            master: MasterStatus(address: "192.168.4.196", priority: 180, lastHeardMs: nil), faults: [],
            checks: [
                CheckStatus(
                    name: "mycat.backends", state: "down", weight: -20, reason: "1 of 2 \"up\"", runs: 7,
                    lastRunMs: 400)
            ],
            gates: [
                GateStatus(
                    name: "lock.vip", state: "allowed", reason: "", answeredMs: 900, deadlineMs: nil, leaseMs: 4_100),
                GateStatus(
                    name: "witness.reach", state: "asking", reason: "no answer", answeredMs: nil, deadlineMs: 90,
                    leaseMs: nil),
            ],
            isGuarded: true, guardNotes: ["this host's firewall drops the adverts of 192.168.4.195"],
            guardPeers: [
                ControlProtocol.GuardPeerStatus(
                    address: "192.168.4.195", state: "BACKUP", priority: 100,
                    paths: [.init(interface: "eth0", heardMs: 210), .init(interface: "eth1", heardMs: nil)])
            ],
            lastTransition: "BACKUP → MASTER: no master was heard", transitions: 2,
            statistics: [Counter("advertisements-sent", 12)], drops: [Counter("password", 3)])
    ],
    drops: [Counter("checksum", 5)], processEvents: "kernel", scriptSilenceMs: 200, plugins: ["mycat"],
    lostNotices: [Counter("VI_1", 4)])
