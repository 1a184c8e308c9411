/// A named pipe that every change of state is written to, and the program that reads it.
import CLinux
import Glibc
import LinuxIO
import SystemPackage

package struct ShellFIFO: Hashable, Sendable {
    package var path: String
    /// Whose a pipe becomes that is made here; nil: this process's user.
    package var owner: ProcessIdentity?
    package var reader: ShellCommand?

    package init(path: String, owner: ProcessIdentity? = nil, reader: ShellCommand? = nil) {
        self.path = path
        self.owner = owner
        self.reader = reader
    }
}

final class NotifyFIFO {
    /// A reader that has ended starts again after this, and after twice as long each time, up to the longest pause.
    private static let shortestPause = Duration.seconds(1)
    private static let longestPause = Duration.seconds(60)
    /// A reader that lived so long was well.
    private static let wellAfter = Duration.seconds(60)

    let settings: ShellFIFO
    private let surroundings: ScriptSurroundings
    private let post: (FromShell) -> Void
    private var pipe: Pipe?
    private var reader: ScriptRun?
    private var readerBegan: Int64 = 0
    private var pause = NotifyFIFO.shortestPause
    private var restart: TimerToken?
    /// Lines that nobody took, since this was last said.
    private var lost = 0
    private var lostInAll = 0
    private var isClosed = false
    private var whenGone: (() -> Void)?

    /// The open pipe, in a class because descriptors cannot be copied.
    private final class Pipe {
        let descriptor: OwnedDescriptor
        let isOurs: Bool

        init(_ descriptor: consuming OwnedDescriptor, isOurs: Bool) {
            self.descriptor = descriptor
            self.isOurs = isOurs
        }
    }

    init(_ settings: ShellFIFO, in surroundings: ScriptSurroundings, post: @escaping (FromShell) -> Void) {
        self.settings = settings
        self.surroundings = surroundings
        self.post = post
        do throws(IOFailure) {
            pipe = try open()
            startReader()
        } catch {
            log(.error, "cannot be used, nothing is written to it: \(error)")
        }
    }

    /// Opened for both directions, so that a write needs no reader and a reader that ends does not end the pipe.
    private func open() throws(IOFailure) -> Pipe {
        let path = settings.path
        let isOurs = mkfifo(path, 0o644) == 0
        if !isOurs, Errno.last != .fileExists { throw IOFailure("mkfifo", Errno.last, path) }
        if isOurs, let owner = settings.owner, chown(path, owner.user, owner.group) != 0 {
            log(.warning, "cannot be given to \(owner.name): \(Errno.last)")
        }
        let descriptor = try OwnedDescriptor("open", detail: path) {
            Glibc.open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW)
        }
        var facts = stat()
        let raw = descriptor.rawValue
        try systemCall("fstat", detail: path) { fstat(raw, &facts) }
        // A file that somebody else has put there must not be written to.
        guard facts.st_mode & S_IFMT == S_IFIFO else {
            throw IOFailure("open", .invalidArgument, "\(path), which is no named pipe")
        }
        guard facts.st_uid == geteuid() || facts.st_uid == 0 || facts.st_uid == settings.owner?.user else {
            throw IOFailure("open", .permissionDenied, "\(path), which belongs to user \(facts.st_uid)")
        }
        return Pipe(descriptor, isOurs: isOurs)
    }

    /// Writes one line, which is shorter than what the kernel writes in one piece.
    func write(_ line: String) {
        guard let pipe else { return }
        let text = Array((line + "\n").utf8)
        let count = text.withUnsafeBytes { Glibc.write(pipe.descriptor.rawValue, $0.baseAddress, $0.count) }
        guard count == text.count else {
            lost += 1
            lostInAll += 1
            post(.lost(.fifo(settings.path), 1))
            if lost == 1 { log(.warning, "nobody reads it, and it is full: lines are lost from \"\(line)\" on") }
            return
        }
        if lost > 0 { log(.warning, "is read again; \(lost) lines were lost") }
        lost = 0
    }

    // MARK: The reader

    private func startReader() {
        guard !isClosed, let command = settings.reader else { return }
        readerBegan = Clock.monotonic
        reader = ScriptRun(
            command, [settings.path], timeout: nil, in: surroundings,
            result: { [weak self] end in self?.readerEnded(end) },
            gone: { [weak self] in
                self?.reader = nil
                self?.whenGone?()
                self?.whenGone = nil
            })
    }

    private func readerEnded(_ end: ScriptEnd) {
        guard !isClosed else { return }
        if Duration.nanoseconds(Clock.monotonic - readerBegan) >= Self.wellAfter { pause = Self.shortestPause }
        let why = end.failure(limit: nil) ?? "exit status 0"
        log(.warning, "its reader has ended (\(why)) and starts again in \(pause.inSecondsText)")
        restart = surroundings.loop.after(pause) { [weak self] in self?.startReader() }
        pause = min(pause * 2, Self.longestPause)
    }

    /// Closes the pipe, so that a reader comes to its end, and ends the reader that does not. `whenGone` is called when
    /// nothing of it is left.
    func close(patience: Duration = .zero, _ whenGone: @escaping () -> Void = {}) {
        isClosed = true
        if let restart { surroundings.loop.cancel(restart) }
        if lost > 0 { log(.warning, "\(lostInAll) lines were lost") }
        // First the name: a reader that opens it again must not find it.
        if let pipe, pipe.isOurs { unlink(settings.path) }
        pipe = nil
        guard let reader else { return whenGone() }
        self.whenGone = whenGone
        surroundings.loop.after(patience) { [weak reader] in reader?.cancel() }
    }

    func kill() { reader?.kill() }

    private func log(_ level: ShellLogLevel, _ message: String) {
        post(.log(level, "the notify FIFO \(settings.path) \(message)"))
    }
}
