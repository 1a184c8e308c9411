/// Stands for haluad on a control socket: answers, refuses, or says nothing at all.
import ControlProtocol
import Foundation
import LinuxIO

final class FakeDaemon {
    enum Manner: Sendable {
        case answers(metrics: String, status: StatusReport)
        case garbage
        /// Accepts, and never says a word: a daemon that was stopped.
        case silent
    }

    let path: String
    /// How many requests have come.
    let requests: Lock<Int>
    private let folder: String
    private let stop: Mailbox<Bool>
    private let thread: LinuxIO.Thread

    init(_ manner: Manner) throws {
        folder = "/tmp/halua-exporter-test-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        mkdir(folder, 0o700)
        let path = folder + "/control.sock"
        self.path = path
        let requests = Lock(0)
        self.requests = requests
        let stop = try Mailbox<Bool>()
        self.stop = stop
        let listener = try UnixListener(path: path, mode: 0o600)
        let shared = Unchecked(listener)
        thread = try LinuxIO.Thread.start(name: "fake-daemon", stackSize: 1 << 20) {
            guard let loop = try? EventLoop() else { return }
            var open: [StreamSocket] = []
            _ = try? stop.attach(to: loop) { _ in loop.stop() }
            _ = try? loop.add(shared.value.descriptor, .read) { _ in
                guard let socket = (try? shared.value.accept()) ?? nil else { return }
                open.append(socket)
                requests.withLock { $0 += 1 }
                Self.answer(socket, manner)
            }
            loop.run()
        }
    }

    deinit {
        stop.send(true)
        thread.join()
        rmdir(folder)
    }

    private static func answer(_ socket: StreamSocket, _ manner: Manner) {
        var line: [UInt8] = []
        for _ in 0..<200 where line.last != UInt8(ascii: "\n") {
            _ = try? socket.receive(appendingTo: &line)
            usleep(1_000)
        }
        let text: String
        switch manner {
        case .silent: return
        case .garbage: text = "no JSON at all"
        case .answers(let metrics, let status):
            let isMetrics = String(decoding: line, as: UTF8.self).contains("metrics")
            text = (isMetrics ? ControlAnswer.metrics(metrics) : .status(status)).json.text()
        }
        _ = try? socket.send(Array((text + "\n").utf8)[...])
    }
}

// The listener is handed to one thread before that thread begins, and used by it alone.
private struct Unchecked: @unchecked Sendable {
    let value: UnixListener
    init(_ value: UnixListener) { self.value = value }
}

/// A node with one instance, whose names try to break out of the page.
let sampleReport = StatusReport(
    version: "0.1.0", processID: 42, uptimeMs: 61_000, host: "node<1>", configurationFile: "/etc/halua/halua.conf",
    instances: [
        InstanceStatus(
            name: "VI_1", state: "MASTER", stateAgeMs: 1_500, interface: "eth0", virtualRouterID: 51, vrrpVersion: 2,
            family: "IPv4", priority: 180, basePriority: 200, priorityExplanation: "200 −20 web.answer = 180",
            intervalMs: 1_000, masterDownIntervalMs: 3_218, preempts: true, addresses: ["192.0.2.10/24"],
            holdsAddresses: true, source: "192.0.2.1", master: nil, faults: ["<script>alert(\"x\")</script> & 'y'"],
            checks: [], lastTransition: "BACKUP → MASTER: no master was heard", transitions: 2, statistics: [],
            drops: [])
    ],
    drops: [], processEvents: "kernel", scriptSilenceMs: nil, plugins: [])
