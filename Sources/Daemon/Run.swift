/// From the command line to a running daemon, and back to an exit status.
import CLinux
import ControlProtocol
import Glibc
import KeepalivedConf
import LinuxIO
import Logging
import SystemPackage
import VRRPCore
import Wire

/// The exit statuses, which are keepalived's where it has one.
package enum ExitStatus {
    package static let success: Int32 = 0
    /// The daemon could not start or go on: privileges, sockets.
    package static let failure: Int32 = 1
    /// The command line cannot be understood.
    package static let usage: Int32 = 2
    /// The configuration file cannot be read.
    package static let unreadable: Int32 = 4
    /// The configuration is wrong.
    package static let configuration: Int32 = 5
}

/// Runs haluad with the arguments after the program's name; returns the exit status.
package func runDaemon(arguments: [String]) -> Int32 {
    let options: Options
    do throws(OptionsError) {
        options = try Options(arguments: arguments)
    } catch {
        printError("haluad: \(error)")
        return ExitStatus.usage
    }
    if let name = options.networkNamespace {
        do throws(IOFailure) {
            try NetworkNamespace.enter(name)
        } catch {
            printError("haluad: the network namespace \(name) cannot be entered: \(error)")
            return ExitStatus.failure
        }
    }
    switch options.command {
    case .printHelp:
        writeAll(helpText, to: STDOUT_FILENO)
        return ExitStatus.success
    case .printVersion:
        writeAll("haluad \(haluaVersion)\n", to: STDOUT_FILENO)
        return ExitStatus.success
    case .printSignal(let number):
        writeAll("\(number)\n", to: STDOUT_FILENO)
        return ExitStatus.success
    case .testConfiguration: return testConfiguration(options)
    case .releaseAddresses:
        guard mayRun([.networkAdministration], "CAP_NET_ADMIN is needed to remove addresses") else {
            return ExitStatus.failure
        }
        return releaseAddresses(options)
    case .run: return run(options)
    }
}

private func testConfiguration(_ options: Options) -> Int32 {
    let report = checkConfiguration(file: options.configurationFile, configurationID: options.configurationID)
    if !report.messages.isEmpty { printError(report.text) }
    printError(report.summary)
    if report.isUnreadable { return ExitStatus.unreadable }
    return report.isAccepted ? ExitStatus.success : ExitStatus.configuration
}

private func mayRun(_ needed: Capabilities, _ reason: String) -> Bool {
    if Capabilities.effective.isSuperset(of: needed) { return true }
    printError("haluad: \(reason): run it as root, or give it what is missing")
    return false
}

private func run(_ options: Options) -> Int32 {
    let reason = "CAP_NET_ADMIN and CAP_NET_RAW are needed to set addresses and to send adverts"
    guard mayRun([.networkAdministration, .networkRaw], reason) else { return ExitStatus.failure }
    // Before any thread exists: a fork takes only the calling thread along.
    if !options.staysInForeground, Glibc.daemon(0, 0) != 0 {
        printError("haluad: daemon(3) failed: \(Errno.last)")
        return ExitStatus.failure
    }
    do throws(IOFailure) {
        let start = try Start(options)
        return start.run()
    } catch {
        printError("haluad: \(error)")
        return ExitStatus.failure
    }
}

/// Everything between the first log line and the last. Reads the interfaces first, because the configuration's rules
/// need them, then the configuration, then starts the instances.
private final class Start {
    private let options: Options
    private let writer: LogWriter
    private let logger: Logger
    private let loop: EventLoop
    private var daemon: Daemon?
    private var status = ExitStatus.success
    private var signals: Signals?
    private var service: ServiceNotices?

    init(_ options: Options) throws(IOFailure) {
        self.options = options
        // Blocked before the first thread starts, so that every thread inherits the mask.
        let numbers = [SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE]
        let signals = try Signals(numbers)
        var targets = LogTargets()
        targets.syslog = options.usesSyslog
        targets.facility = options.syslogFacility
        targets.file = options.logFile
        targets.journal = LogTargets.journalSocket()
        targets.console = options.logsToConsole && !targets.consoleIsJournal
        writer = try LogWriter(targets: targets)
        logger = makeLogger(writer: writer, details: options.logsDetails)
        loop = try EventLoop()
        self.signals = signals
        try signals.attach(to: loop) { [unowned self] in receive($0) }
    }

    func run() -> Int32 {
        logger.notice("haluad \(haluaVersion) starts", metadata: ["pid": .stringConvertible(getpid())])
        for note in options.notes { logger.info("\(note)") }
        do throws(IOFailure) {
            try start()
            loop.run()
        } catch {
            fail("\(error)", ExitStatus.failure)
        }
        if let path = options.pidFile { unlink(path) }
        service?.stopping()
        daemon?.journal.finish()
        logger.notice("haluad ends", metadata: ["status": .stringConvertible(status)])
        writer.finish()
        return status
    }

    private func start() throws(IOFailure) {
        let daemon = try Daemon(loop: loop, configuration: Configuration(), options: options, logger: logger)
        self.daemon = daemon
        service = ServiceNotices.make(loop: loop, logger: logger)
        daemon.service = service
        try daemon.network.start { [unowned self] failure in
            if let failure { return fail("the network's state cannot be read: \(failure)", ExitStatus.failure) }
            configure(daemon)
        }
    }

    private func configure(_ daemon: Daemon) {
        let report = checkConfiguration(
            file: options.configurationFile, configurationID: options.configurationID,
            interfaces: daemon.interfaceFacts)
        report.log(to: logger)
        guard let ready = report.ready else {
            if !options.logsToConsole { printError(report.text) }
            return fail(
                report.summary, report.isUnreadable ? ExitStatus.unreadable : ExitStatus.configuration)
        }
        do throws(IOFailure) {
            daemon.reloading = try Reload(daemon)
            try openControlSocket(daemon)
            try writePidFile()
        } catch {
            return fail("\(error)", ExitStatus.failure)
        }
        daemon.openJournal(ready.configuration)
        daemon.begin(ready)
        daemon.applyScheduling(from: nil)
        daemon.tellHeldBack()
        // Reading the configuration took far more memory than running it does.
        malloc_trim(0)
        logger.notice("ready: \(ready.configuration.instances.count) instances, \(ready.specs.count) plugins")
        service?.begin { [unowned daemon] in
            daemon.router.ids.map { (daemon.router[$0].config.name, daemon.router[$0].state.name) }
        }
    }

    private func openControlSocket(_ daemon: Daemon) throws(IOFailure) {
        let path = options.controlSocket ?? defaultControlSocketPath
        guard !path.isEmpty else { return }
        if options.controlSocket == nil { mkdir("/run/halua", 0o755) }
        let group = try daemon.controlGroup?.get()
        let access = ControlAccess(owner: geteuid(), group: group, groupName: options.controlGroup ?? "")
        daemon.control = try ControlServer(path: path, loop: loop, access: access, logger: logger) {
            [unowned daemon] request, caller, answer in
            switch request {
            case .status: answer(.status(daemon.statusReport()))
            case .metrics: answer(.metrics(daemon.metricsText()))
            case .keepalivedDump: answer(.keepalivedDump(daemon.keepalivedDump()))
            case .doctor: daemon.examine { answer(.doctor($0)) }
            case .reload: daemon.reloading?.start { answer(.reload(accepted: $0, text: $1)) }
            case .demote(let order): answer(.order(daemon.demote(order, by: caller)))
            case .restore(let order): answer(.order(daemon.restore(order, by: caller)))
            case .switchover(let order): daemon.switchOver(order, by: caller) { answer(.switchover($0)) }
            }
        }
    }

    private func writePidFile() throws(IOFailure) {
        guard let path = options.pidFile else { return }
        let text = "\(getpid())\n"
        let descriptor = try OwnedDescriptor("open", detail: path) {
            open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        }
        let raw = descriptor.rawValue
        try systemCall("write", detail: path) { Int32(write(raw, text, text.utf8.count)) }
    }

    private func receive(_ notice: SignalNotice) {
        switch notice.number {
        case SIGTERM: stop()
        case SIGINT: if !options.ignoresInterrupt { stop() }
        case SIGHUP: daemon?.reloading?.start { _, _ in }
        case SIGUSR1 where options.logFile != nil:
            writer.reopen()
            logger.notice("the log file is opened anew")
        default: logger.debug("signal \(notice.number) does nothing; halua status shows what keepalived dumps")
        }
    }

    private func stop() {
        guard let daemon else { return loop.stop() }
        daemon.stop()
    }

    private func fail(_ sentence: String, _ status: Int32) {
        logger.critical("\(sentence)")
        // Who started the daemon by hand must not have to look into syslog.
        if !options.logsToConsole { printError("haluad: \(sentence)") }
        self.status = status
        loop.stop()
    }
}

extension Daemon {
    /// Real-time priority, niceness and locked memory, as the configuration asks; what is refused is said and not fatal.
    func applyScheduling(from old: GlobalSettings?) {
        let new = configuration.global
        attempt("real-time priority", old?.realTimePriority != new.realTimePriority) { () throws(IOFailure) in
            if let priority = new.realTimePriority { try Scheduling.setRealTimePriority(Int32(priority)) }
        }
        attempt("process priority", old?.processPriority != new.processPriority) { () throws(IOFailure) in
            if let value = new.processPriority { try Scheduling.setNice(Int32(value)) }
        }
        attempt("locked memory", old?.locksMemory != new.locksMemory) { () throws(IOFailure) in
            if new.locksMemory { try Scheduling.lockMemory() }
        }
    }

    private func attempt(_ what: String, _ isChanged: Bool, _ body: () throws(IOFailure) -> Void) {
        guard isChanged else { return }
        do throws(IOFailure) {
            try body()
        } catch {
            logger.warning("no \(what): \(error)")
        }
    }
}
