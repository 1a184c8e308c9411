/// halua.udp against sockets on loopback: an echo, silence, and a port where nobody is.
import CLinux
import Glibc
import LuaHost
import Testing

@Suite struct UDPTests {
    let bench = ScriptBench()

    private func open(_ port: Int, _ more: String = "") -> String {
        "local udp <close> = assert(halua.udp.socket{host='127.0.0.1', port=\(port), \(more)})\n"
    }

    private func expectPassed(_ body: String) throws {
        let result = try bench.check(body)
        #expect(result == .passed)
    }

    @Test("datagrams keep their borders and arrive whole, the empty one and the largest too")
    func echo() throws {
        let server = FakeUDP()
        try expectPassed(
            open(server.port) + """
                assert(udp:send('one')) assert(udp:send('two'))
                assert(udp:receive('2s') == 'one' and udp:receive('2s') == 'two')
                assert(udp:send('') and udp:receive('2s') == '')
                local large = ('x'):rep(65507)
                assert(udp:send(large) and udp:receive('2s') == large)
                local ok, err = udp:send(large .. 'y')
                return ok == nil and err.kind == 'denied' and err.message:find('at most 65507') ~= nil, tostring(err)
                """)
    }

    @Test("a port where nobody listens refuses, a silent one times out")
    func refused() throws {
        let (descriptor, port) = boundSocket(SOCK_DGRAM)
        try expectPassed(
            open(port) + """
                assert(udp:send('x'))
                local data, err = udp:receive('30ms')
                return data == nil and err.kind == 'timeout'
                  and err.message == 'receive from 127.0.0.1:\(port): timed out after 30 ms', tostring(err)
                """)
        close(descriptor)
        // A program that another test is just starting may hold a copy of the socket until it runs.
        try expectPassed(
            open(port) + """
                local data, err
                repeat
                  assert(udp:send('x'))
                  data, err = udp:receive('1s')
                until data or err.kind ~= 'timeout'
                assert(data == nil and err.kind == 'refused', tostring(err))
                return err.message == 'receive from 127.0.0.1:\(port): nobody listens on the port', tostring(err)
                """)
    }

    @Test("only the peer is heard")
    func strangers() throws {
        let server = FakeUDP { _ in [] }
        let own = boundSocket(SOCK_DGRAM)
        close(own.descriptor)
        let body =
            open(server.port, "source='127.0.0.1', source_port=\(own.port), interface='lo'")
            + "print('listening') local data, err = udp:receive('60ms') return data == nil and err.kind == 'timeout', data"
        try bench.run("halua.check{name='s', interval=60, run=function()\n\(body)\nend}")
        #expect(bench.logged("listening") != nil)
        #expect(try ScriptBench().check(open(own.port) + "return udp:send('it is me')") == .passed)
        #expect(bench.result(of: "p.s") == .passed)
    }

    @Test("names are looked up, a closed socket says so, an impossible source is an error")
    func others() throws {
        let server = FakeUDP()
        try expectPassed(
            """
            local udp = assert(halua.udp.socket{host='localhost', port=\(server.port)})
            assert(udp:send('x') and udp:receive('2s') == 'x')
            udp:close() udp:close()
            local ok, err = udp:send('x')
            assert(ok == nil and err.kind == 'closed', tostring(err))
            local none
            none, err = halua.udp.socket{host='127.0.0.1', port=1, source='192.0.2.1'}
            assert(none == nil and err.kind == 'denied', tostring(err))
            none, err = halua.udp.socket{host='127.0.0.1', port=1, source='::1'}
            assert(none == nil and err.kind == 'unreachable', tostring(err))
            none, err = halua.udp.socket{host='127.0.0.1', port=1, interface='nowhere0'}
            return none == nil and err.kind == 'denied', tostring(err)
            """)
    }

    @Test("closing ends the wait of another task, and two tasks cannot receive at the same time")
    func busy() throws {
        let server = FakeUDP { _ in [] }
        try expectPassed(
            open(server.port) + """
                local task = halua.spawn(function() return udp:receive() end)
                halua.sleep('5ms')
                local ok, message = pcall(udp.receive, udp)
                assert(not ok and message:find('another task already waits for this socket'), message)
                udp:close()
                local data, err = task:join()
                return data == nil and err.kind == 'closed', tostring(err)
                """)
    }
}
