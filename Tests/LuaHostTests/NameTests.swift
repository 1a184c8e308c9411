/// Connecting to names: /etc/hosts and the resolver's configuration as they are, and every address gets its turn.
import CLinux
import Glibc
import LinuxIO
import LuaHost
import Testing
import Wire

@Suite(.needsNetworkRights) struct NameTests {
    /// Runs checks where /etc/hosts and /etc/resolv.conf are a test's own, on a thread that never comes back from there.
    private func withFiles(
        hosts: String, resolver: String = "", _ bodies: [String], prepare: @escaping @Sendable () throws -> Void = {}
    ) throws -> [CheckResult?] {
        let results = Lock<[CheckResult?]>([])
        let thread = try LinuxIO.Thread.start(name: "names") {
            do {
                try systemCall("unshare") { unshare(CLONE_NEWNS | CLONE_NEWNET) }
                try run("mount --make-rprivate /")
                try run("ip link set lo up")
                let bench = ScriptBench()
                try run("mount --bind \(bench.file("hosts", hosts)) /etc/hosts")
                try run("mount --bind \(bench.file("resolv.conf", resolver)) /etc/resolv.conf")
                try prepare()
                for body in bodies {
                    let result = try bench.check(body)
                    results.withLock { $0.append(result) }
                }
                try run("umount /etc/hosts")
                try run("umount /etc/resolv.conf")
            } catch {
                results.withLock { $0.append(.failed("\(error)")) }
            }
        }
        thread.join()
        return results.withLock { $0 }
    }

    @Test("a name of /etc/hosts is connected to; an address that refuses or swallows everything is not the last")
    func addresses() throws {
        let port = 7_777
        let hosts = """
            127.0.0.1 good.example
            127.0.0.2 twice.example
            127.0.0.1 twice.example
            10.0.0.99 hole.example
            127.0.0.1 hole.example
            127.0.0.3 bad.example
            127.0.0.2 bad.example
            """
        let connect = "halua.tcp.connect{host='%s', port=\(port), timeout='%t'}"
        func body(_ name: String, _ timeout: String) -> String {
            let call = connect.replacing("%s", with: name).replacing("%t", with: timeout)
            return "local conn <close> = assert(\(call)) return conn:receive(2, '2s') == 'hi'"
        }
        let servers = Lock<[FakeServer]>([])
        let results = try withFiles(
            hosts: hosts,
            [
                body("good.example", "2s"), body("twice.example", "2s"), body("hole.example", "600ms"),
                body("bad.example", "2s"),
            ]
        ) {
            _ = try makeCable()
            try run("ip neighbor add 10.0.0.99 lladdr 02:00:00:00:00:99 dev left nud permanent")
            servers.withLock { $0.append(FakeServer(.sends(Array("hi".utf8)), port: port)) }
        }
        #expect(results.count == 4)
        #expect(results.prefix(3).allSatisfy { $0 == .passed }, "\(results)")
        guard case .failed(let reason)? = results.last ?? nil else {
            Issue.record("not failed: \(results)")
            return
        }
        #expect(reason.hasPrefix("connect to bad.example:\(port): connection refused (127.0.0."))
        #expect(reason.contains("), connection refused (127.0.0."))
        servers.withLock { $0 = [] }
    }

    @Test("the servers of the resolver's configuration are asked, as they are now")
    func servers() throws {
        let results = try withFiles(
            hosts: "127.0.0.1 localhost\n", resolver: "nameserver 127.0.0.1\n",
            [
                "local none, err = halua.dns.resolve('db.example', {timeout='200ms'}) return none == nil, err",
                """
                local none, err = halua.tcp.connect{host='db.example', port=1, timeout='200ms'}
                return none == nil and (err.kind == 'dns' or err.kind == 'timeout'), tostring(err)
                """,
            ])
        #expect(results == [.passed, .passed])
    }
}
