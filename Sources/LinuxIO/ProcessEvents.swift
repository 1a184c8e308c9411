/// Processes that start, change their program or name, and end: told by the kernel, or found by looking.
import CLinux
import Glibc
import SystemPackage

/// What happened to a process. Threads are not told.
package enum ProcessEvent: Hashable, Sendable {
    /// A fork; the child still runs its parent's program.
    case started(pid_t, parent: pid_t)
    /// It runs another program now.
    case executed(pid_t)
    case renamed(pid_t, name: String)
    case ended(pid_t)
    /// Notices were lost: read the process table again.
    case overrun
}

/// Follows the processes of this machine by the kernel's process connector where that answers, else by reading /proc.
///
/// The connector answers only in the first network, PID and user namespaces and with CAP_NET_ADMIN; elsewhere the
/// kernel refuses, or stays silent. Reading /proc takes about 10 µs per process, in each interval.
package final class ProcessEvents {
    /// Where the events come from.
    package enum Source: Hashable, Sendable {
        /// The kernel tells each at once.
        case kernel
        /// /proc is read in intervals: what lives shorter is not seen. `reason` says in words why.
        case scan(reason: String)
    }

    /// nil until it is decided.
    package private(set) var source: Source?

    private let loop: EventLoop
    private let interval: Duration
    private let handle: (ProcessEvent) -> Void
    private let decided: (Source) -> Void
    private var socket: NetlinkSocket?
    private var registration: Registration?
    private var timer: TimerToken?
    private var known: [pid_t: ProcessEntry] = [:]

    /// Begins to listen.
    ///
    /// - Parameters:
    ///   - interval: between two looks at /proc, when the kernel does not tell.
    ///   - answerLimit: how long to wait for the kernel's acknowledgement.
    ///   - asksKernel: false looks at /proc without asking.
    ///   - decided: called once, later. From then on no event is missed: read the process table there.
    package init(
        on loop: EventLoop, interval: Duration = .seconds(1), answerLimit: Duration = .milliseconds(100),
        asksKernel: Bool = true, decided: @escaping (Source) -> Void, _ handle: @escaping (ProcessEvent) -> Void
    ) {
        self.loop = loop
        self.interval = interval
        self.handle = handle
        self.decided = decided
        guard asksKernel else {
            timer = loop.after(.zero) { [weak self] in self?.beginScan("it was asked for") }
            return
        }
        do throws(IOFailure) {
            try subscribe()
            timer = loop.after(answerLimit) { [weak self] in
                self?.beginScan("the kernel does not answer; this is another PID or user namespace")
            }
        } catch {
            let reason = Self.words(error)
            timer = loop.after(.zero) { [weak self] in self?.beginScan(reason) }
        }
    }

    deinit {
        if let timer { loop.cancel(timer) }
        if let registration { loop.remove(registration) }
        if let socket { try? Self.request(socket, listen: false) }
    }

    private static func words(_ error: IOFailure) -> String {
        switch error.errno {
        case .connectionRefused: "the kernel refuses; this is another network namespace"
        case .notPermitted: "the kernel refuses; CAP_NET_ADMIN is missing"
        default: error.description
        }
    }

    // MARK: The kernel's notices

    private func subscribe() throws(IOFailure) {
        let socket = try NetlinkSocket(
            protocol: NETLINK_CONNECTOR, groups: [UInt32(CN_IDX_PROC)], receiveBuffer: 4 << 20)
        registration = try loop.add(socket.descriptor, .read) { [weak self] _ in self?.receive() }
        self.socket = socket
        try Self.request(socket, listen: true)
    }

    private static func request(_ socket: NetlinkSocket, listen: Bool) throws(IOFailure) {
        let header = MemoryLayout<nlmsghdr>.size
        var message = [UInt8](repeating: 0, count: header + Int(HALUA_PROCESS_REQUEST_LENGTH))
        message.withUnsafeMutableBytes { bytes in
            var head = nlmsghdr()
            head.nlmsg_len = UInt32(bytes.count)
            head.nlmsg_type = UInt16(NLMSG_DONE)
            bytes.storeBytes(of: head, as: nlmsghdr.self)
            halua_write_process_request(bytes.baseAddress.map { $0 + header }, listen ? 1 : 0)
        }
        try socket.send(message)
    }

    private func receive() {
        guard let socket else { return }
        do throws(IOFailure) {
            try socket.receive { message in
                var event = halua_process_event()
                if halua_read_process_event(message.payload.baseAddress, message.payload.count, &event) != 0 {
                    deliver(event)
                }
            }
        } catch {
            if source == .kernel { handle(.overrun) }
        }
    }

    private func deliver(_ event: halua_process_event) {
        if event.what == PROC_EVENT_NONE.rawValue, source == nil {
            acknowledged(event.error)
        }
        guard source == .kernel, event.process == event.thread else { return }
        switch event.what {
        case PROC_EVENT_FORK.rawValue: handle(.started(event.process, parent: event.parent))
        case PROC_EVENT_EXEC.rawValue: handle(.executed(event.process))
        case PROC_EVENT_EXIT.rawValue: handle(.ended(event.process))
        case PROC_EVENT_COMM.rawValue:
            let name = withUnsafeBytes(of: event.name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            handle(.renamed(event.process, name: name))
        default: break
        }
    }

    private func acknowledged(_ error: UInt32) {
        if let timer { loop.cancel(timer) }
        timer = nil
        if error == 0 {
            source = .kernel
            decided(.kernel)
        } else {
            beginScan(Self.words(IOFailure("PROC_CN_MCAST_LISTEN", Errno(rawValue: Int32(clamping: error)))))
        }
    }

    // MARK: Looking at /proc

    private func beginScan(_ reason: String) {
        if let registration { loop.remove(registration) }
        registration = nil
        socket = nil
        let source = Source.scan(reason: reason)
        self.source = source
        known = Self.scan()
        decided(source)
        timer = loop.after(interval) { [weak self] in self?.look() }
    }

    private func look() {
        let now = Self.scan()
        for (identifier, entry) in known where now[identifier]?.startTime != entry.startTime {
            handle(.ended(identifier))
        }
        for (identifier, entry) in now {
            guard let before = known[identifier], before.startTime == entry.startTime else {
                handle(.started(identifier, parent: entry.parent))
                handle(.executed(identifier))
                continue
            }
            // A changed name is the only trace of a changed program that is cheap to see.
            if before.name != entry.name {
                handle(.executed(identifier))
                handle(.renamed(identifier, name: entry.name))
            }
        }
        known = now
        timer = loop.after(interval) { [weak self] in self?.look() }
    }

    private static func scan() -> [pid_t: ProcessEntry] {
        var entries: [pid_t: ProcessEntry] = [:]
        for identifier in (try? ProcessTable.identifiers()) ?? [] {
            if let entry = ProcessTable.entry(identifier), !entry.isZombie { entries[identifier] = entry }
        }
        return entries
    }
}
