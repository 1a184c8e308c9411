/// halua.unix against listeners at paths: as haproxy answers, busy ones, and none.
import Glibc
import LinuxIO
import LuaHost
import Testing

@Suite struct UnixTests {
    let bench = ScriptBench()
    let path = "/tmp/halua-test-\(getpid())-\(UInt32.random(in: 0 ... .max))"

    @Test("a question over a local socket is answered")
    func answers() throws {
        let isReady = Lock(false)
        let thread = try Thread.start(name: "haproxy") { [path] in
            guard let listener = try? UnixListener(path: path, mode: 0o600) else { return }
            isReady.withLock { $0 = true }
            let end = Clock.monotonic + 10_000_000_000
            var clients: [StreamSocket] = []
            var served = 0
            while served < 2, Clock.monotonic < end {
                usleep(500)
                if let client = try? listener.accept() { clients.append(client) }
                var got = [UInt8](repeating: 0, count: 64)
                for (index, client) in clients.enumerated().reversed() {
                    let read = got.withUnsafeMutableBytes { try? client.receive(into: $0) }
                    guard case .bytes(let count)? = read else { continue }
                    let answer = Array("you said ".utf8) + got[..<count]
                    _ = answer.withUnsafeBytes { try? client.send($0) }
                    clients.remove(at: index)
                    served += 1
                }
            }
        }
        defer { thread.join() }
        for _ in 1...5_000 where !isReady.withLock({ $0 }) { usleep(1_000) }
        let body = """
            for _, arguments in ipairs{'\(path)', {path='\(path)', timeout='2s'}} do
              local conn <close> = assert(halua.unix.connect(arguments))
              assert(conn:send('show info\\n'))
              assert(conn:receive('*a', '2s') == 'you said show info\\n')
            end
            return true
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test("where nobody listens it is refused, and the error names the path")
    func nobody() throws {
        #expect(
            try bench.check("assert(halua.unix.connect('/nowhere/haproxy.sock'))")
                == .failed("connect to /nowhere/haproxy.sock: there is no such socket (p.lua:2)"))
        let body = """
            local none, err = halua.unix.connect('\(path)')
            return none == nil and err.kind == 'refused', tostring(err)
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test("a listener whose queue is full is waited for, until the time is over")
    func busy() throws {
        let listener = try UnixListener(path: path, mode: 0o600, backlog: 0)
        let first = try UnixSocket.connect(to: path)
        let body = """
            local none, err = halua.unix.connect{path='\(path)', timeout='50ms'}
            return none == nil and err.kind == 'timeout' and err.message:find('timed out after 50 ms') ~= nil, tostring(err)
            """
        #expect(try bench.check(body) == .passed)
        let waits = "halua.spawn(function() assert(halua.unix.connect('\(path)')) print('in') end)"
        try bench.run(waits)
        usleep(20_000)
        #expect(bench.log.isEmpty)
        _ = try listener.accept()
        #expect(bench.logged("in") != nil)
        _ = first
    }

    @Test("a wrong path is a bug with its line")
    func wrong() throws {
        for body in ["halua.unix.connect('')", "halua.unix.connect(('x'):rep(108))", "halua.unix.connect{}"] {
            guard case .broken(let text) = try bench.check(body) else {
                Issue.record("not broken: \(body)")
                continue
            }
            #expect(text.hasPrefix("p.lua:2: unix.connect: "))
        }
    }
}
