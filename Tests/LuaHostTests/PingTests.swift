/// halua.icmp, arp and ndp over a cable in a namespace: hosts that answer, hosts that do not, and liars.
import Glibc
import LinuxIO
import LuaHost
import Testing
import Wire

@Suite(.needsNetworkRights) struct PingTests {
    private func expectPassed(_ body: String, _ comment: Comment? = nil) throws {
        let result = try ScriptBench().check(body)
        #expect(result == .passed, comment)
    }

    /// The station 10.0.0.99 behind `right`, of which the kernel knows where it is.
    private func makeStation() throws -> (left: Interface, right: Interface) {
        let cable = try makeCable()
        try run("ip neighbor add 10.0.0.99 lladdr 02:00:00:00:00:99 dev left nud permanent")
        try run("ip address add fd00::1/64 dev left nodad")
        try run("ip neighbor add fd00::99 lladdr 02:00:00:00:00:99 dev left nud permanent")
        return cable
    }

    @Test("this host answers by IPv4 and IPv6, and the result is how long it took")
    func loopback() throws {
        try inNewNetworkNamespace {
            try expectPassed(
                """
                for _, host in ipairs{'127.0.0.1', '::1', 'localhost'} do
                  for _, size in ipairs{0, 56, 8972} do
                    local took = assert(halua.icmp.ping(host, {timeout='2s', size=size}))
                    assert(math.type(took) == 'float' and took > 0 and took < 2, took)
                  end
                end
                return halua.icmp.ping('127.0.0.1', {interface='lo'}) ~= nil
                """)
        }
    }

    @Test("this host's own address is not behind its interface, though the kernel would answer for it")
    func ownAddress() throws {
        try inNewNetworkNamespace {
            _ = try makeStation()
            try expectPassed(
                """
                for _, host in ipairs{'10.0.0.1', 'fd00::1'} do
                  assert(halua.icmp.ping(host, {timeout='1s'}))
                  local took, err = halua.icmp.ping(host, {timeout='1s', interface='left'})
                  assert(took == nil and err.kind == 'denied', tostring(err))
                  assert(err.message:find(host .. ', an address of this host', 1, true), err.message)
                end
                return true
                """)
        }
    }

    @Test("a host that never answers is a timeout, one without a way to it unreachable")
    func silent() throws {
        try inNewNetworkNamespace {
            _ = try makeStation()
            try expectPassed(
                """
                for _, host in ipairs{'10.0.0.99', 'fd00::99'} do
                  local took, err = halua.icmp.ping(host, {timeout='60ms'})
                  assert(took == nil and err.kind == 'timeout', tostring(err))
                  assert(err.message == 'icmp.ping ' .. host .. ': no answer within 60 ms', err.message)
                end
                for _, host in ipairs{'192.0.2.1', '2001:db8::1'} do
                  local took, err = halua.icmp.ping(host, {timeout='60ms'})
                  assert(took == nil and err.kind == 'unreachable', tostring(err))
                end
                local took, err = halua.icmp.ping('10.0.0.99', {interface='nowhere0'})
                return took == nil and err.kind == 'denied', tostring(err)
                """)
        }
    }

    /// An Ethernet frame with an IPv4 packet from 10.0.0.`from` to 10.0.0.1.
    private static func frame(answering request: [UInt8], from: UInt8, proto: UInt8 = 1, _ message: [UInt8]) -> [UInt8]
    {
        var header: [UInt8] = [0x45, 0, 0, 0, 0, 0, 0, 0, 64, proto, 0, 0, 10, 0, 0, from, 10, 0, 0, 1]
        let length = header.count + message.count
        (header[2], header[3]) = (UInt8(length >> 8), UInt8(length & 0xFF))
        var checksum = Checksum()
        checksum.add(header.span.bytes)
        (header[10], header[11]) = (UInt8(checksum.value >> 8), UInt8(checksum.value & 0xFF))
        return Array(request[6..<12]) + [2, 0, 0, 0, 0, 0x99, 8, 0] + header + message
    }

    @Test(
        "replies to others, from others, and damaged ones are not taken for the answer; the third question is answered")
    func liars() throws {
        try inNewNetworkNamespace {
            let (_, right) = try makeStation()
            let questions = Lock(0)
            let station = try FakeNeighbor(on: right) { frame in
                guard frame.count > 42, frame[12] == 8, frame[23] == 1, frame[34] == 8, frame[33] == 99,
                    let request = EchoMessage(decoding: Array(frame[34...]).span.bytes, .ipv4)
                else { return [] }
                let number = questions.withLock { count in
                    count += 1
                    return count
                }
                var reply = request
                reply.isReply = true
                if number == 3 { return [Self.frame(answering: frame, from: 99, reply.encoded(.ipv4))] }
                var foreign = reply
                foreign.identifier ^= 1
                var other = reply
                other.payload[0] ^= 1
                var unasked = reply
                unasked.sequence = 77
                var damaged = reply.encoded(.ipv4)
                damaged[3] ^= 1
                let lies = [foreign, other, unasked].map { $0.encoded(.ipv4) } + [damaged, [], [0], [3, 0, 0, 0]]
                return lies.map { Self.frame(answering: frame, from: 99, $0) }
                    + [Self.frame(answering: frame, from: 98, reply.encoded(.ipv4))]
            }
            try expectPassed(
                "local took = assert(halua.icmp.ping('10.0.0.99', {timeout='3s'})) return took < 1, took")
            #expect(questions.withLock { $0 } == 3)
            _ = station
        }
    }

    @Test("what a router says about the way is the answer: unreachable")
    func router() throws {
        try inNewNetworkNamespace {
            let (_, right) = try makeStation()
            let station = try FakeNeighbor(on: right) { frame in
                guard frame.count > 42, frame[12] == 8, frame[23] == 1, frame[34] == 8 else { return [] }
                var message: [UInt8] = [3, 1, 0, 0, 0, 0, 0, 0] + frame[14..<42]
                var checksum = Checksum()
                checksum.add(message.span.bytes)
                (message[2], message[3]) = (UInt8(checksum.value >> 8), UInt8(checksum.value & 0xFF))
                return [Self.frame(answering: frame, from: 98, message)]
            }
            try expectPassed(
                """
                local took, err = halua.icmp.ping('10.0.0.99', {timeout='5s'})
                return took == nil and err.kind == 'unreachable', tostring(err)
                """)
            _ = station
        }
    }

    @Test("a neighbour's MAC address comes by ARP and by neighbour discovery, with the interface given or found")
    func neighbors() throws {
        try inNewNetworkNamespace {
            let (_, right) = try makeCable()
            try run("ip address add fd00::1/64 dev left nodad")
            try run("ip address add fd00:1::2/64 dev right nodad")
            try run("ip route add fd00:1::/64 dev left metric 1")
            let mac = try #require(try right.hardwareAddress())
            try expectPassed(
                """
                local mac, took = halua.arp.ping('10.0.0.2', {interface='left', timeout='2s'})
                assert(mac == '\(mac)' and took >= 0 and took < 2, tostring(took))
                mac, took = halua.ndp.ping('fd00:1::2', {interface='left', timeout='2s'})
                return mac == '\(mac)' and took >= 0, tostring(took)
                """)
        }
    }

    @Test("the interface is the one of the route, and without an own address the question is asked in nobody's name")
    func places() throws {
        try inNewNetworkNamespace {
            let (left, right) = try makeCable()
            try run("ip address flush dev right")
            let own = try #require(try left.hardwareAddress())
            let station = try FakeNeighbor(on: right) { frame in
                guard let request = ARPPacket(decodingFrame: frame.span.bytes), request.operation == .request,
                    request.senderMAC == own
                else { return [] }
                let mac = MACAddress(rawValue: 0x0200_0000_0099)
                var stranger = request
                stranger.targetAddress = IPv4Address(rawValue: 0x0A00_0062)
                // An answer about somebody else, a question, and the answer.
                return [
                    stranger.reply(from: mac).frame(to: own), request.frame(), request.reply(from: mac).frame(to: own),
                ]
            }
            try expectPassed(
                """
                local mac = assert(halua.arp.ping('10.0.0.99', {timeout='2s'}))
                assert(mac == '02:00:00:00:00:99', mac)
                local none, err = halua.arp.ping('192.0.2.1', {timeout='50ms'})
                return none == nil and err.kind == 'unreachable', tostring(err)
                """)
            try run("ip address flush dev left")
            try expectPassed(
                "return halua.arp.ping('10.0.0.99', {timeout='2s', interface='left'}) == '02:00:00:00:00:99'")
            _ = station
        }
    }

    @Test("a neighbour that does not exist is a timeout; loopback has no neighbours")
    func nobody() throws {
        try inNewNetworkNamespace {
            _ = try makeStation()
            try expectPassed(
                """
                for _, ping in ipairs{'arp 10.0.0.77', 'ndp fd00::77'} do
                  local noun, address = ping:match('(%a+) (.+)')
                  local none, err = halua[noun].ping(address, {timeout='60ms'})
                  assert(none == nil and err.kind == 'timeout', tostring(err))
                  assert(err.message == noun .. '.ping ' .. address .. ': no answer within 60 ms', err.message)
                end
                local none, err = halua.arp.ping('127.0.0.2', {interface='lo'})
                return none == nil and err.kind == 'denied' and err.message:find('no Ethernet') ~= nil, tostring(err)
                """)
        }
    }

    @Test("a connection into a black hole ends with its time")
    func blackHole() throws {
        try inNewNetworkNamespace {
            _ = try makeStation()
            let result = try ScriptBench().check("assert(halua.tcp.connect{host='10.0.0.99', port=80, timeout='60ms'})")
            #expect(result == .failed("connect to 10.0.0.99:80: timed out after 60 ms (p.lua:2)"))
        }
    }

    @Test(
        "a wrong argument is a bug with its line",
        arguments: [
            ("halua.icmp.ping()", "icmp.ping: argument 1 must be an address or a name (a string), not nothing"),
            ("halua.icmp.ping('::1', {size=10000})", "icmp.ping: field \"size\" must be a whole number from 0 to 8972"),
            ("halua.arp.ping('::1')", "arp.ping: \"::1\" is no IPv4 address of a neighbour"),
            ("halua.ndp.ping('ff02::1')", "ndp.ping: \"ff02::1\" is no IPv6 address of a neighbour"),
            ("halua.arp.ping('10.0.0.1', {iface='x'})", "arp.ping: there is no field \"iface\""),
        ])
    func wrongArguments(_ body: String, _ message: String) throws {
        guard case .broken(let text) = try ScriptBench().check(body) else {
            Issue.record("not broken")
            return
        }
        #expect(text.hasPrefix("p.lua:2: " + message))
    }
}
