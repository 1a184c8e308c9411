/// plugins/haproxy.lua against a real haproxy: up, down, in maintenance, frozen, stopping and gone.
import Glibc
import LinuxIO
import LuaHost
import SystemPackage
import Testing

/// A haproxy with one backend of two servers, and its stats socket, in a folder that goes away with it.
private final class HAProxy {
    let socket: String
    private let folder: String
    private let child: Child

    /// `servers`: the ports of the backend's servers.
    init(servers: [Int]) throws {
        var template = Array("/tmp/halua-haproxy-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in buffer.baseAddress.map { mkdtemp($0) } ?? nil }
        try #require(made != nil)
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        socket = "\(folder)/stats"
        let lines = servers.enumerated().map {
            "  server web\($0 + 1) 127.0.0.1:\($1) check inter 100ms fastinter 100ms rise 1 fall 1\n"
        }
        let text = """
            global
              stats socket \(socket) level admin
            defaults
              mode tcp
              timeout connect 1s
              timeout client 60s
              timeout server 60s
            frontend entrance
              bind unix@\(folder)/entrance
              default_backend shop
            backend shop
            \(lines.joined())
            """
        let file = open("\(folder)/haproxy.cfg", O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        close(file)
        var command = Command(["haproxy", "-db", "-q", "-f", "\(folder)/haproxy.cfg"])
        command.standardOutput = .null
        command.standardError = .null
        child = try Child(command)
        for _ in 1...1_000 where access(socket, F_OK) != 0 { usleep(10_000) }
    }

    func signal(_ number: Int32) { try? child.signal(number) }

    deinit {
        signal(SIGKILL)
        _ = child.collect()
        for name in ["haproxy.cfg", "stats", "entrance"] { unlink("\(folder)/\(name)") }
        rmdir(folder)
    }
}

@Suite struct HAProxyPluginTests {
    let bench = ScriptBench()
    /// Does what an administrator would.
    let administrator = ScriptBench()

    private static let path =
        "\(#filePath)".split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/plugins/haproxy.lua"

    /// Starts both checks with a short interval.
    private func start(_ socket: String, _ options: [(String, String)] = []) throws {
        let lines = ([("socket", socket)] + options).map {
            OptionLine(key: $0, values: [$1], file: "halua.conf", line: 2, column: 5)
        }
        bench.engine.start(
            try bench.load(PluginSpec(name: "lb", path: Self.path, options: lines)),
            checks: ["lb.alive", "lb.backends"].map {
                CheckSchedule(name: $0, interval: .milliseconds(50), timeout: .seconds(2))
            })
    }

    /// Waits until the check says something that the text is a part of; "" stands for well.
    private func expect(_ check: String, _ part: String) {
        bench.clear()
        let seen = bench.wait(seconds: 30) { message -> Bool? in
            guard case .checkResult("lb.\(check)", let result, _) = message else { return nil }
            guard case .failed(let reason) = result else { return part.isEmpty && result == .passed ? true : nil }
            return !part.isEmpty && reason.contains(part) ? true : nil
        }
        if seen == nil { Issue.record("\(check) never said \"\(part)\": \(bench.messages.suffix(2))") }
    }

    private func tell(_ socket: String, _ command: String) throws {
        let body = """
            local haproxy <close> = assert(halua.unix.connect{path = '\(socket)'})
            assert(haproxy:send('\(command)\\n'))
            local answer = assert(haproxy:receive('*a'))
            return answer == '\\n', answer
            """
        #expect(try administrator.check(body) == .passed)
    }

    @Test("servers that are down or in maintenance, and a haproxy that is frozen, stops or is gone")
    func states() throws {
        let first = HTTPServer(raw: { $0.hang() })
        // A port that nobody listens on.
        let gone = HTTPServer(raw: { _ in }).port
        let haproxy = try HAProxy(servers: [first.port, gone])
        try start(haproxy.socket)
        expect("alive", "")
        expect("backends", "")

        try tell(haproxy.socket, "set server shop/web1 state maint")
        expect("backends", "backend shop has 0 of 2 servers up, needs 1: web1 MAINT, web2 DOWN (L4CON)")
        try tell(haproxy.socket, "set server shop/web1 state drain")
        expect("backends", "backend shop has 0 of 2 servers up, needs 1: web1 DRAIN")
        try tell(haproxy.socket, "set server shop/web1 state ready")
        expect("backends", "")

        try start(haproxy.socket, [("min_up", "2")])
        expect("backends", "backend shop has 1 of 2 servers up, needs 2: web2 DOWN (L4CON)")
        try start(haproxy.socket, [("backends", "shpo")])
        expect("backends", "haproxy has no backend \"shpo\"")

        haproxy.signal(SIGSTOP)
        expect("alive", "haproxy accepts on \(haproxy.socket) but did not answer within 1.8 s: is it frozen?")
        haproxy.signal(SIGCONT)
        expect("alive", "")
        haproxy.signal(SIGKILL)
        expect("alive", "nothing listens on \(haproxy.socket): haproxy does not run")
        withExtendedLifetime(first) {}
    }

    @Test("a socket that allows nothing says so")
    func forbidden() throws {
        // A haproxy whose servers are not there is as good as any to ask.
        let haproxy = try HAProxy(servers: [1])
        try start(haproxy.socket)
        expect("alive", "")
        expect("backends", "backend shop has 0 of 1 servers up, needs 1: web1 DOWN")
    }
}
