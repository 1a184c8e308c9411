/// Ten thousand rounds of each network function, ended in every way, leave no descriptor behind.
import Glibc
import LinuxIO
import LuaHost
import Testing

@Suite(.needsNetworkRights, .serialized) struct NetworkLeakTests {
    private static let rounds = 10_000

    /// What a prepared test needs: text for its script, and servers that live as long as its rounds.
    private typealias Prepared = (values: String, servers: [AnyObject])

    /// What came of the rounds.
    private struct Outcome {
        var said: String?
        var before = 0
        var after = 0
        var failure: String?
    }

    /// Runs a body again and again in a namespace of its own, and compares the descriptors before and after.
    private func expectNothingLeft(
        _ rounds: Int = rounds, _ prepare: @escaping @Sendable () throws -> Prepared,
        _ body: @escaping @Sendable (String) -> String
    ) throws {
        let outcome = Lock(Outcome())
        try OwnDescriptors.run {
            try inNewNetworkNamespace {
                let result = try Self.play(rounds, prepare, body)
                outcome.withLock { $0 = result }
            }
        }
        let result = outcome.withLock { $0 }
        #expect(result.failure == nil)
        #expect(result.said == "done\ttrue")
        #expect(result.before > 0 && result.after <= result.before, "\(result)")
    }

    private static func play(
        _ rounds: Int, _ prepare: () throws -> Prepared, _ body: (String) -> String
    ) throws -> Outcome {
        var outcome = Outcome()
        let prepared = try prepare()
        let bench = ScriptBench()
        // Without a deadline only what it computes between two waits is limited.
        let text = """
            local function round(i)
            \(body(prepared.values))
            end
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
        guard bench.logged("ready") != nil else {
            outcome.failure = "\(bench.log)"
            return outcome
        }
        outcome.before = OwnDescriptors.count
        outcome.said = bench.wait(seconds: 120) { message in
            if case .log(_, _, let line, _) = message, line != "ready" { line } else { nil }
        }
        outcome.after = OwnDescriptors.settled(at: outcome.before)
        withExtendedLifetime(prepared.servers) {}
        return outcome
    }

    @Test("connections that are closed, forgotten, or refused")
    func connections() throws {
        try expectNothingLeft(Self.rounds) {
            let fake = FakeServer(.closes)
            return ("\(fake.port)", [fake])
        } _: { port in
            """
            if i % 3 == 0 then assert(not halua.tcp.connect{host='127.0.0.1', port=1}) return end
            local conn = assert(halua.tcp.connect{host='127.0.0.1', port=\(port), timeout='5s'})
            if i % 3 == 1 then conn:close() end
            """
        }
    }

    @Test("operations that are cancelled in the middle: connecting, looking up, pinging, waiting for a datagram")
    func cancelled() throws {
        try expectNothingLeft(Self.rounds) {
            _ = try makeCable()
            try run("ip neighbor add 10.0.0.99 lladdr 02:00:00:00:00:99 dev left nud permanent")
            let fake = FakeDNS(.silent)
            return ("\(fake.port)", [fake])
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
    }

    @Test("operations that end by themselves: answered, timed out, refused")
    func ended() throws {
        try expectNothingLeft(Self.rounds) {
            let (dns, udp) = (FakeDNS(.knows([.ipv4("a.example", 192, 0, 2, 1)])), FakeUDP())
            return ("\(dns.port) \(udp.port)", [dns, udp])
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
    }

    @Test("TLS that fails in the handshake, and TLS that is cancelled in it")
    func handshakes() throws {
        try expectNothingLeft(1_000) {
            let list = [FakeServer(.sends([])), FakeServer(.sendsAndCloses([22, 3, 3]))]
            return (list.map { "\($0.port)" }.joined(separator: ","), list)
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
    }

    @Test("TLS sessions that are closed, forgotten, or cancelled while they wait")
    func sessions() throws {
        try expectNothingLeft(1_000) {
            let certificates = try Certificates()
            try certificates.make("good")
            let server = try FakeTLS(certificates)
            return ("port=\(server.port), tls={ca='\(certificates.authority)'}", [certificates, server])
        } _: { fields in
            """
            -- The server has one connection at a time.
            local function connect() return assert(halua.tcp.connect{host='127.0.0.1', timeout='5s', \(fields)}) end
            local function talk(conn)
              assert(conn:send('ba\\n'))
              assert(conn:receive('*l') == 'ab')
              return conn
            end
            if i % 3 == 0 then
              talk(connect()):close()
            elseif i % 3 == 1 then
              talk(connect())
              collectgarbage()
            else
              local task = halua.spawn(function() talk(connect()):receive('*l') end)
              halua.sleep('5ms')
              task:cancel()
            end
            halua.sleep(0)
            """
        }
    }
}
