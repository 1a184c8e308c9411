/// Clients of the control socket that mean harm, or are only careless: adverts stay on time, and others are answered.
import ControlProtocol
import Glibc
import Lab
import Testing

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct ControlSocketTests {
        /// What a client does, in Python, with `open()` for a new connection and until the end of time.
        private enum Client: String, CaseIterable {
            case thousandConnections = """
                kept = []
                while True:
                    while len(kept) < 1000:
                        kept.append(open())
                    kept = kept[500:]
                """
            case readsNothing = """
                kept = [open() for _ in range(20)]
                while True:
                    for s in kept:
                        try: s.send(STATUS * 50)
                        except OSError: kept[kept.index(s)] = open()
                """
            case garbage = """
                import random
                while True:
                    s = open()
                    try:
                        for _ in range(200): s.send(random.randbytes(4000))
                    except OSError: pass
                """
            case octetByOctet = """
                kept = [open() for _ in range(30)]
                while True:
                    for s in kept:
                        try: s.send(b'x')
                        except OSError: kept[kept.index(s)] = open()
                """
            case longLines = """
                while True:
                    s = open()
                    try: s.send(b'{' * 200000); s.recv(10)
                    except OSError: pass
                """
            case questions = """
                kept = [open() for _ in range(8)]
                while True:
                    for s in kept:
                        try:
                            s.send(STATUS); s.recv(65536)
                        except OSError: kept[kept.index(s)] = open()
                """

            var program: String {
                """
                import resource, socket, sys, time
                resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
                STATUS = b'{"version": 1, "request": "status"}\\n'
                def open():
                    while True:
                        s = socket.socket(socket.AF_UNIX)
                        s.settimeout(0.2)
                        try: s.connect(sys.argv[1]); return s
                        except OSError: s.close(); time.sleep(0.001)
                \(rawValue)
                """
            }
        }

        @Test(
            "adverts stay on time, no address moves and root is answered, whatever a client does",
            .timeLimit(.minutes(1)), arguments: Client.allCases.map(\.program))
        func hostileClients(_ program: String) throws {
            try withPair { lab, watch, _ in
                var instance = InstanceText()
                instance.version = 3
                instance.interval = .milliseconds(100)
                // Plain VRRP: only adverts keep the other node from taking over.
                instance.lines = ["guard off"]
                let capture = try AdvertCapture(in: lab.client)
                defer { capture.stop() }
                instance.priority = 200
                let first = try lab.hosts[0].start(.halua, configuration: instance.text)
                expectHolders([0], watch, within: .seconds(5), [first])
                instance.priority = 100
                let second = try lab.hosts[1].start(.halua, configuration: instance.text)
                pause(.milliseconds(500))
                let path = lab.hosts[0].controlSocketPath
                let before = Moment.now
                let clients = try (0..<2).map { _ in
                    try lab.hosts[0].start(
                        "/usr/bin/python3", arguments: ["python3", "-c", program, path], log: "client")
                }
                let seen = capture.count
                for _ in 0..<3 {
                    pause(.milliseconds(500))
                    // Somebody who asks once gets an answer while it goes on.
                    let report = try askStatus(path)
                    #expect(report.instances.first?.state == "MASTER", "\(tail(first))")
                }
                let count = capture.count - seen
                let areRunning = clients.allSatisfy(\.isRunning)
                #expect(areRunning, "\(clients.map { tail($0) }.joined())")
                #expect(count >= 13, "\(count) adverts in a second and a half\n\(tail(first))")
                #expect(watch.changes(since: before).isEmpty, "\(tail(second))")
                #expect(first.isRunning && second.isRunning)
            }
        }
    }
}
