/// Ten thousand rounds of each network function, ended in every way, leave no socket behind.
import Glibc
import LinuxIO
import LuaHost
import Testing

@Suite(.needsNetworkRights, .serialized) struct NetworkLeakTests {
    private static let rounds = 10_000

    /// The sockets of this thread's network namespace: other tests of the process have theirs elsewhere.
    private func socketCount() throws -> Int {
        let text = try FileReader.text("/proc/thread-self/net/sockstat")
        let words = try #require(text.split(separator: "\n").first).split(separator: " ")
        return try #require(words.last.flatMap { Int($0) })
    }

    /// Runs a body again and again in a namespace of its own, and compares the sockets before and after.
    private func expectNothingLeft(
        _ rounds: Int = rounds, _ prepare: () throws -> String = { "" }, _ body: (String) -> String
    ) throws {
        try inNewNetworkNamespace {
            let values = try prepare()
            let bench = ScriptBench()
            let round = "local function round(i)\n\(body(values))\nend\n"
            // Without a deadline only what it computes between two waits is limited.
            let text = """
                \(round)
                halua.spawn(function()
                  for i = 1, 20 do round(i) end
                  collectgarbage() halua.sleep('20ms')
                  print('ready')
                  halua.sleep('200ms')
                  for i = 1, \(rounds) do round(i) if i % 100 == 0 then halua.sleep(0) end end
                  collectgarbage() halua.sleep('20ms')
                  print('done', collectgarbage('count') < 4096)
                end)
                """
            try bench.run(text)
            #expect(bench.logged("ready") != nil)
            let before = try socketCount()
            let said = bench.wait(seconds: 120) { message in
                if case .log(_, _, let line, _) = message, line != "ready" { line } else { nil }
            }
            #expect(said == "done\ttrue")
            // What the other side has not yet closed goes within a moment.
            var after = try socketCount()
            for _ in 1...200 where after > before {
                usleep(10_000)
                after = try socketCount()
            }
            #expect(after <= before)
        }
    }

    @Test("connections that are closed, forgotten, or refused")
    func connections() throws {
        let server = Lock<FakeServer?>(nil)
        try expectNothingLeft(Self.rounds) {
            let fake = FakeServer(.closes)
            server.withLock { $0 = fake }
            return "\(fake.port)"
        } _: { port in
            """
            if i % 3 == 0 then assert(not halua.tcp.connect{host='127.0.0.1', port=1}) return end
            local conn = assert(halua.tcp.connect{host='127.0.0.1', port=\(port), timeout='5s'})
            if i % 3 == 1 then conn:close() end
            """
        }
        server.withLock { $0 = nil }
    }

    @Test("operations that are cancelled in the middle: connecting, looking up, pinging, waiting for a datagram")
    func cancelled() throws {
        let server = Lock<FakeDNS?>(nil)
        try expectNothingLeft(Self.rounds) {
            _ = try makeCable()
            try run("ip neighbor add 10.0.0.99 lladdr 02:00:00:00:00:99 dev left nud permanent")
            let fake = FakeDNS(.silent)
            server.withLock { $0 = fake }
            return "\(fake.port)"
        } _: { port in
            """
            local kinds = {
              function() halua.tcp.connect{host='10.0.0.99', port=80} end,
              function() halua.dns.resolve('a.example', {server='127.0.0.1:\(port)'}) end,
              function() halua.icmp.ping('10.0.0.99', {timeout=60}) end,
              function() halua.arp.ping('10.0.0.77', {timeout=60, interface='left'}) end,
              function() halua.udp.socket{host='127.0.0.1', port=9}:receive() end,
              function() halua.unix.connect('@nowhere') halua.sleep(60) end,
            }
            local task = halua.spawn(kinds[i % #kinds + 1])
            halua.sleep(0) halua.sleep(0)
            task:cancel()
            halua.sleep(0)
            """
        }
        server.withLock { $0 = nil }
    }

    @Test("operations that end by themselves: answered, timed out, refused")
    func ended() throws {
        let server = Lock<(FakeDNS, FakeUDP)?>(nil)
        try expectNothingLeft(Self.rounds) {
            let (dns, udp) = (FakeDNS(.knows([.ipv4("a.example", 192, 0, 2, 1)])), FakeUDP())
            server.withLock { $0 = (dns, udp) }
            return "\(dns.port) \(udp.port)"
        } _: { ports in
            let dns = ports.split(separator: " ")[0]
            let udp = ports.split(separator: " ")[1]
            return """
                local kind = i % 5
                if kind == 0 then assert(halua.dns.resolve('a.example', {server='127.0.0.1:\(dns)', type='A'}))
                elseif kind == 1 then assert(not halua.dns.resolve('b.example', {server='127.0.0.1:\(dns)', type='A'}))
                elseif kind == 2 then assert(halua.icmp.ping('127.0.0.1'))
                elseif kind == 3 then assert(not halua.icmp.ping('192.0.2.1'))
                else
                  local socket = assert(halua.udp.socket{host='127.0.0.1', port=\(udp)})
                  assert(socket:send('x') and socket:receive('5s'))
                  if i % 2 == 0 then socket:close() end
                end
                """
        }
        server.withLock { $0 = nil }
    }

    @Test("TLS that fails in the handshake, and TLS that is cancelled in it")
    func handshakes() throws {
        let servers = Lock<[FakeServer]>([])
        try expectNothingLeft(1_000) {
            let list = [FakeServer(.sends([])), FakeServer(.sendsAndCloses([22, 3, 3]))]
            servers.withLock { $0 = list }
            return list.map { "\($0.port)" }.joined(separator: ",")
        } _: { ports in
            """
            local silent, odd = \(ports)
            if i % 2 == 0 then
              assert(not halua.tcp.connect{host='127.0.0.1', port=odd, tls=true})
            else
              local task = halua.spawn(function() halua.tcp.connect{host='127.0.0.1', port=silent, tls=true} end)
              halua.sleep('2ms')
              task:cancel()
              halua.sleep(0)
            end
            """
        }
        servers.withLock { $0 = [] }
    }
}
