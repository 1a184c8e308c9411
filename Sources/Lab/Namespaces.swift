/// The kernel namespaces of one simulated host: its own network, and on request its own processes, /proc and /run.
///
/// They have no names anywhere: descriptors of this process hold them, and the first process of each host ends when
/// this process ends. So nothing is left behind, not even after SIGKILL.
import CLinux
import Glibc
import LinuxIO

package final class Namespaces: Sendable {
    private let network: Descriptor
    private let host: HostNamespaces?

    /// What a host has beyond a network.
    private struct HostNamespaces: Sendable {
        var mounts: Descriptor
        var processes: Descriptor
        /// The first process in the process namespace; when it ends the kernel ends all others there.
        var first: pid_t
        /// The first process reads from the other end and ends with the stream.
        var lifeline: Lock<Descriptor?>
    }

    /// A network and nothing else, for the switch and the client. Throws when this process may not make one.
    package static func networkOnly() throws(LabError) -> Namespaces {
        let network = try onThread { () throws(LabError) in
            try call("unshare") { unshare(CLONE_NEWNET) }
            return try Descriptor("open", detail: "the new network") {
                open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)
            }
        }
        return Namespaces(network: network, host: nil)
    }

    /// A network, processes, /proc and /run of its own. `tool` is halua's tool, which plays the first process.
    ///
    /// `onlyWritable`: a folder; everything else on the machine's disks can only be read there.
    package static func host(tool: String, onlyWritable folder: String? = nil) throws(LabError) -> Namespaces {
        var environment = [LabRole.variable + "=" + LabRole.firstProcess.rawValue]
        if let folder { environment.append(DiskGuard.variable + "=" + folder) }
        let words = environment
        return try onThread { () throws(LabError) in
            try call("unshare") { unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID) }
            // Without this, what is mounted in the host would appear outside.
            try call("mount") { mount("none", "/", nil, UInt(MS_REC | MS_PRIVATE), nil) }
            let network = try Descriptor("open") { open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC) }
            let mounts = try Descriptor("open") { open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC) }
            // Taken before the first process mounts its own /proc over this one, where other numbers count.
            let table = try Descriptor("open") { open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC) }
            let lifeline = try Descriptor.pipe()
            let answer = try Descriptor.pipe()
            let first = try spawnProcess(
                tool, arguments: [tool], environment: words,
                descriptors: [(lifeline.reading, 0), (answer.writing, 1)])
            let processes = try Descriptor("open", detail: "the process namespace of \(first)") {
                openat(table.number, "\(first)/ns/pid", O_RDONLY | O_CLOEXEC)
            }
            let namespaces = Namespaces(
                network: network,
                host: .init(mounts: mounts, processes: processes, first: first, lifeline: Lock(lifeline.writing)))
            try readAnswer(of: tool, answer.reading, writingEnd: answer.writing)
            return namespaces
        }
    }

    private init(network: Descriptor, host: HostNamespaces?) {
        self.network = network
        self.host = host
    }

    deinit { close() }

    /// Ends every process of the host and waits until the first one is gone.
    package func close() {
        guard let host, host.lifeline.withLock({ $0.take() }) != nil else { return }
        kill(host.first, SIGKILL)
        _ = reap(host.first)
    }

    /// Descriptors of the network, for commands that move an interface into it.
    var networkDescriptor: Descriptor { network }

    /// Runs `body` on a thread inside these namespaces and returns its result.
    ///
    /// Sockets that `body` opens stay in the network wherever they are used; programs it starts live in the host.
    @discardableResult
    package func inside<Value: Sendable>(
        _ body: @escaping @Sendable () throws(LabError) -> Value
    ) throws(LabError) -> Value {
        try onThread { [self] () throws(LabError) in
            try Self.call("setns") { setns(network.number, CLONE_NEWNET) }
            if let host {
                // A thread that shares its working directory with others may not change its mounts.
                try Self.call("unshare") { unshare(CLONE_FS) }
                try Self.call("setns") { setns(host.mounts.number, CLONE_NEWNS) }
                try Self.call("setns") { setns(host.processes.number, CLONE_NEWPID) }
            }
            return try body()
        }
    }

    /// The first process says one line: "ready", or what went wrong.
    private static func readAnswer(of tool: String, _ reading: Descriptor, writingEnd: Descriptor) throws(LabError) {
        var waiting = pollfd(fd: reading.number, events: Int16(POLLIN), revents: 0)
        let readable = poll(&waiting, 1, 5_000)
        let text = readable == 1 ? String(decoding: reading.read(), as: UTF8.self) : ""
        guard text == "ready\n" else {
            throw LabError(
                text.isEmpty
                    ? "\(tool) did not start as the first process of a simulated host" : text.trimmingLineEnd)
        }
    }

    private static func call(_ name: String, _ body: () -> Int32) throws(LabError) {
        try explained { () throws(IOFailure) in try systemCall(name, body) }
    }
}

/// Runs `body` on a thread of its own, waits for it, and returns its result.
///
/// For system calls that change the calling thread for good.
func onThread<Value: Sendable>(
    _ body: @escaping @Sendable () throws(LabError) -> Value
) throws(LabError) -> Value {
    let outcome = Lock<Result<Value, LabError>?>(nil)
    let thread = try explained { () throws(IOFailure) in
        try Thread.start(name: "lab") {
            do throws(LabError) {
                let value = try body()
                outcome.withLock { $0 = .success(value) }
            } catch {
                outcome.withLock { $0 = .failure(error) }
            }
        }
    }
    thread.join()
    guard let result = outcome.withLock({ $0 }) else { preconditionFailure("a joined thread has left its outcome") }
    return try result.get()
}

extension String {
    /// Without line ends and spaces at the end.
    var trimmingLineEnd: String {
        var text = Substring(self)
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
