/// halua-exporter: what haluad counts, for Prometheus, by HTTP. A program of its own, so that no client of the network
/// ever speaks to the daemon.
import ArgumentParser
import ControlProtocol
import Exporter
import Glibc
import LinuxIO

@main
struct HaluaExporter: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "halua-exporter",
        abstract: "Serve haluad's metrics to Prometheus.",
        discussion: """
            /metrics: Prometheus text, with halua_up 0 while haluad does not answer. /: a page for people. /healthz: the \
            exporter itself.

            It needs no privilege but to open the control socket: run it in the group that haluad was given with \
            --control-group. Exit status: 0 after SIGTERM, 1 when it cannot listen, 64 for a wrong command line.
            """)

    @Option(help: ArgumentHelp("Where to listen; an IPv6 address in brackets.", valueName: "host:port"))
    var listen = "127.0.0.1:9650"

    @Option(help: ArgumentHelp("The daemon's control socket.", valueName: "path"))
    var control = defaultControlSocketPath

    nonisolated static func main() { main(nil) }

    func validate() throws {
        do {
            _ = try SocketAddress(listening: listen)
        } catch {
            throw ValidationError("--listen: \(error)")
        }
    }

    func run() throws {
        do {
            try serve(at: SocketAddress(listening: listen))
        } catch let failure as IOFailure {
            writeLine("halua-exporter: \(failure)", to: STDERR_FILENO)
            throw ExitCode(1)
        }
    }

    /// Until a signal ends it.
    private func serve(at address: SocketAddress) throws {
        // Blocked before the server's threads start, so that they inherit the mask.
        let signals = try Signals([SIGTERM, SIGINT, SIGPIPE])
        let loop = try EventLoop(maximumEvents: 4)
        try signals.attach(to: loop) { notice in
            if notice.number != SIGPIPE { loop.stop() }
        }
        let server = try WebServer(Site(DaemonReader(path: control)), at: address)
        writeLine("halua-exporter: listening on \(server.address)", to: STDERR_FILENO)
        sweep(server, loop)
        loop.run()
        server.close()
    }
}

/// Every second, for as long as the loop runs.
private func sweep(_ server: WebServer, _ loop: EventLoop) {
    loop.after(.seconds(1)) {
        server.endOverdue()
        sweep(server, loop)
    }
}

private func writeLine(_ text: String, to descriptor: Int32) {
    let octets = Array((text + "\n").utf8)
    _ = write(descriptor, octets, octets.count)
}
