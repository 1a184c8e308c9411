/// One run of a program under limits: what it prints is collected, its time is bounded, its group ends with it.
import CLinux
import Glibc
import SystemPackage

/// What a run may use up.
package struct CommandLimits: Hashable, Sendable {
    /// nil: it may take as long as it likes.
    package var timeout: Duration?
    /// How long it may go on between SIGTERM and SIGKILL.
    package var grace: Duration = .seconds(1)
    /// Octets that are kept of each of its two outputs; the rest is read and thrown away. nil: its outputs are not
    /// collected, and lead where the command says.
    package var output: Int?

    package init(timeout: Duration? = nil, grace: Duration = .seconds(1), output: Int? = nil) {
        self.timeout = timeout
        self.grace = grace
        self.output = output
    }
}

/// What a run has printed.
package struct CommandOutput: Hashable, Sendable {
    package var output: [UInt8] = []
    package var errors: [UInt8] = []
    /// More came than was kept.
    package var isTruncated = false
}

package enum CommandOutcome: Sendable {
    case ended(ChildExit, CommandOutput)
    /// Its time was over: its group is being ended.
    case timedOut(CommandOutput)
    case refused(StartFailure)
}

/// A started command. Its starter keeps it until its process has been collected.
package final class CommandRun {
    /// Octets read in one turn of the loop.
    private static let chunk = 64 * 1024
    /// How long a flood waits between two chunks that nobody wants: it must not keep the loop busy.
    private static let pause = Duration.milliseconds(5)

    /// One end of a pipe, watched by the loop.
    private struct Pipe {
        var descriptor: Int32
        var registration: Registration?
    }

    private enum Output: Int { case standard, error }

    private let starter: ChildStarter
    private let limits: CommandLimits
    private var finish: ((CommandOutcome) -> Void)?
    private var child: Child?
    /// Tells the end of the child. It holds this run, and so the loop that it is in: it must not be left there.
    private var end: Registration?
    private var timer: TimerToken?
    private var killTimer: TimerToken?
    /// Called once, when nothing of it is left.
    package var onGone: (() -> Void)?
    private var isEnding = false
    private var collected = CommandOutput()
    private var outputs: [Pipe?] = [nil, nil]
    private var input: Pipe?
    private var unsent: ArraySlice<UInt8>

    private var loop: EventLoop { starter.loop }

    /// Starts a command. `finish` is called once, on the loop and never from within this call, unless `cancel` comes
    /// first. `prepare` completes the command on the starter's thread.
    package init(
        _ command: Command, input: [UInt8] = [], limits: CommandLimits, starter: ChildStarter,
        prepare: @escaping ChildStarter.Preparation = { _ throws(StartFailure) in },
        finish: @escaping (CommandOutcome) -> Void
    ) {
        self.starter = starter
        self.limits = limits
        self.finish = finish
        unsent = input[...]
        starter.keep(self)
        do throws(IOFailure) {
            try start(command, prepare)
        } catch {
            loop.post { self.refuse(StartFailure("\(error)")) }
        }
    }

    // MARK: Starting

    private func start(_ command: Command, _ prepare: @escaping ChildStarter.Preparation) throws(IOFailure) {
        var command = command
        var theirs: [Int32] = []
        do throws(IOFailure) {
            if !unsent.isEmpty {
                let (read, write) = try Self.makePipe()
                input = Pipe(descriptor: write)
                theirs.append(read)
                command.standardInput = .descriptor(read)
            }
            if limits.output != nil {
                for output in [Output.standard, .error] {
                    let (read, write) = try Self.makePipe()
                    outputs[output.rawValue] = Pipe(descriptor: read)
                    theirs.append(write)
                }
                command.standardOutput = theirs.suffix(2).first.map { .descriptor($0) } ?? .null
                command.standardError = theirs.last.map { .descriptor($0) } ?? .null
            }
        } catch {
            for descriptor in theirs { close(descriptor) }
            throw error
        }
        if let timeout = limits.timeout { timer = loop.after(timeout) { [weak self] in self?.timeOut() } }
        starter.start(command, ends: theirs, prepare: prepare) { [self] result in
            switch result {
            case .success(let child): begin(child)
            case .failure(let failure): refuse(failure)
            }
        }
    }

    /// Our end does not block; both close when a program is executed.
    private static func makePipe() throws(IOFailure) -> (read: Int32, write: Int32) {
        var ends: (Int32, Int32) = (-1, -1)
        try systemCall("pipe2") {
            withUnsafeMutableBytes(of: &ends) { pipe2($0.bindMemory(to: Int32.self).baseAddress, O_CLOEXEC) }
        }
        return ends
    }

    private func begin(_ child: Child) {
        self.child = child
        do throws(IOFailure) {
            end = try child.onEnd(loop) { [self] in ended() }
            for output in [Output.standard, .error] { try watch(output) }
            try watchInput()
        } catch {
            // Out of memory for watches: the run cannot be followed, so it must not go on.
            refuse(StartFailure("\(error)"))
            return
        }
        // Its time was over, or its caller gone, before it began.
        if isEnding { terminate() }
    }

    private func refuse(_ failure: StartFailure) {
        if let child {
            try? child.signalGroup(SIGKILL)
            _ = child.collect()
        }
        letGo()
        answer(.refused(failure))
    }

    // MARK: Streams

    private func watch(_ output: Output) throws(IOFailure) {
        guard let pipe = outputs[output.rawValue] else { return }
        Self.unblock(pipe.descriptor)
        outputs[output.rawValue]?.registration = try loop.add(pipe.descriptor, .read) { [weak self] _ in
            self?.read(output)
        }
    }

    private func watchInput() throws(IOFailure) {
        guard let pipe = input else { return }
        Self.unblock(pipe.descriptor)
        input?.registration = try loop.add(pipe.descriptor, .write) { [weak self] _ in self?.write() }
    }

    private static func unblock(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }

    /// Reads one chunk. Returns whether there may be more now.
    @discardableResult
    private func read(_ output: Output) -> Bool {
        guard let pipe = outputs[output.rawValue] else { return false }
        let limit = limits.output ?? 0
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.chunk) { space, initialized in
            count = Glibc.read(pipe.descriptor, space.baseAddress, space.count)
            initialized = max(0, count)
        }
        if count < 0 {
            if Errno.last == .interrupted { return true }
            if Errno.last != .wouldBlock { close(output) }
            return false
        }
        guard count > 0 else {
            close(output)
            return false
        }
        let kept = output == .standard ? collected.output.count : collected.errors.count
        let wanted = bytes.prefix(max(0, limit - kept))
        if output == .standard { collected.output += wanted } else { collected.errors += wanted }
        guard wanted.count < bytes.count else { return true }
        collected.isTruncated = true
        rest(output)
        return true
    }

    /// Looks away for a moment.
    private func rest(_ output: Output) {
        guard let registration = outputs[output.rawValue]?.registration else { return }
        try? loop.modify(registration, [])
        loop.after(Self.pause) { [weak self] in
            guard let registration = self?.outputs[output.rawValue]?.registration else { return }
            try? self?.loop.modify(registration, .read)
        }
    }

    private func write() {
        guard let pipe = input else { return }
        let (count, error) = unsent.withUnsafeBytes { Self.write($0, to: pipe.descriptor) }
        if count < 0 {
            // Who does not read its input does not want it.
            if error != .wouldBlock, error != .interrupted { closeInput() }
            return
        }
        unsent = unsent.dropFirst(count)
        if unsent.isEmpty { closeInput() }
    }

    /// Writes without SIGPIPE, which would end a process that does not ignore it: a pipe has no MSG_NOSIGNAL.
    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> (count: Int, error: Errno) {
        var broken = sigset_t()
        var before = sigset_t()
        sigemptyset(&broken)
        sigaddset(&broken, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &broken, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        let count = Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        let error = Errno.last
        if count < 0, error == .brokenPipe {
            // The signal is this thread's own, and waits; it is taken back.
            var now = timespec()
            sigtimedwait(&broken, nil, &now)
        }
        return (count, error)
    }

    private func close(_ output: Output) {
        guard let pipe = outputs[output.rawValue] else { return }
        outputs[output.rawValue] = nil
        if let registration = pipe.registration { loop.remove(registration) }
        close(pipe.descriptor)
    }

    private func closeInput() {
        guard let pipe = input else { return }
        input = nil
        unsent = []
        if let registration = pipe.registration { loop.remove(registration) }
        close(pipe.descriptor)
    }

    private func close(_ descriptor: Int32) { _ = Glibc.close(descriptor) }

    // MARK: Ending

    /// The process has ended and is not collected yet, so its group is still its own.
    private func ended() {
        guard let child else { return }
        end = nil
        // What it left behind would live on; a command that was told to end takes all of it along.
        if isEnding { try? child.signalGroup(SIGKILL) }
        let exit = child.collect()
        // What is in the pipes now is all that it said. They may be held open by what it left behind: nobody waits
        // for that, and a bound keeps it from talking on.
        for output in [Output.standard, .error] {
            var rounds = 0
            while rounds < 4, read(output) { rounds += 1 }
        }
        let outcome = CommandOutcome.ended(exit, collected)
        letGo()
        answer(outcome)
    }

    private func timeOut() {
        timer = nil
        terminate()
        answer(.timedOut(collected))
    }

    /// Nobody wants the outcome any more: the command is ended, and `finish` never called.
    package func cancel() {
        finish = nil
        terminate()
    }

    /// SIGTERM to the group, and SIGKILL after a moment.
    private func terminate() {
        isEnding = true
        guard let child, killTimer == nil else { return }
        closeInput()
        // A stopped process would not hear it.
        try? child.signalGroup(SIGTERM)
        try? child.signalGroup(SIGCONT)
        killTimer = loop.after(limits.grace) { [weak self] in try? self?.child?.signalGroup(SIGKILL) }
    }

    /// Ends everything at once: the loop is about to end.
    func kill() {
        finish = nil
        isEnding = true
        // Not collected: a process in the middle of a disk's answer ends later, and nobody may wait for it.
        try? child?.signalGroup(SIGKILL)
        letGo()
    }

    private func answer(_ outcome: CommandOutcome) {
        let finish = finish
        self.finish = nil
        finish?(outcome)
    }

    private func letGo() {
        closeInput()
        for output in [Output.standard, .error] { close(output) }
        for token in [timer, killTimer].compactMap(\.self) { loop.cancel(token) }
        timer = nil
        killTimer = nil
        if let end { loop.remove(end) }
        end = nil
        child = nil
        starter.drop(self)
        let gone = onGone
        onGone = nil
        gone?()
    }
}
