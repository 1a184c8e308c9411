/// One run of a program: what came of it, and when nothing of it is left that the next run could meet.
import CLinux
import Glibc
import LinuxIO
import SystemPackage

/// What came of a run.
enum ScriptEnd {
    case ended(ChildExit, lastLine: String)
    /// Its time was over; its group is being ended.
    case timedOut(lastLine: String)
    /// It never ran.
    case refused(String)

    /// nil when it succeeded; else why not, in words.
    func failure(limit: Duration?) -> String? {
        switch self {
        case .ended(.exited(0), _): nil
        case .ended(.exited(let status), let line): Self.joined("exit status \(status)", line)
        case .ended(.signaled(let number), let line):
            Self.joined("ended by signal \(number) (\(String(cString: strsignal(number))))", line)
        case .timedOut(let line): Self.joined("timed out after \((limit ?? .zero).inSecondsText)", line)
        case .refused(let why): "cannot be started: \(why)"
        }
    }

    private static func joined(_ words: String, _ line: String) -> String { line.isEmpty ? words : "\(words): \(line)" }
}

/// What a run needs around it.
struct ScriptSurroundings {
    let starter: ChildStarter
    let drains: OutputDrains
    let environment: [String: String]
    /// Between SIGTERM and SIGKILL.
    var grace: Duration = .seconds(1)

    var loop: EventLoop { starter.loop }
}

/// Lives until its process is collected: the starter's answer and the loop keep it.
final class ScriptRun {
    private let surroundings: ScriptSurroundings
    private let timeout: Duration?
    private var result: ((ScriptEnd) -> Void)?
    private var gone: (() -> Void)?
    private var child: Child?
    private var pipe: OutputPipe?
    private var timer: TimerToken?
    private var isEnding = false

    private var loop: EventLoop { surroundings.loop }

    /// `result` is called once with what came of it, at the latest when its time is over; `gone` once when it is
    /// collected, which may be later. Neither is called from within this call.
    init(
        _ command: ShellCommand, _ extraArguments: [String] = [], timeout: Duration?,
        in surroundings: ScriptSurroundings,
        result: @escaping (ScriptEnd) -> Void, gone: @escaping () -> Void
    ) {
        self.surroundings = surroundings
        self.timeout = timeout
        self.result = result
        self.gone = gone
        var request = Command(command.arguments + extraArguments, environment: surroundings.environment)
        request.identity = command.identity
        // Who dies with the daemon cannot act on a state that nobody keeps any more.
        request.endSignal = SIGTERM
        do throws(IOFailure) {
            try start(request, command)
        } catch {
            loop.post { self.refuse("\(error)") }
        }
    }

    private func start(_ request: Command, _ command: ShellCommand) throws(IOFailure) {
        var request = request
        let (pipe, theirs) = try OutputPipe.make(loop)
        self.pipe = pipe
        request.standardOutput = .descriptor(theirs)
        request.standardError = .descriptor(theirs)
        if let timeout { timer = loop.after(timeout) { [weak self] in self?.timeOut() } }
        surroundings.starter.start(
            request, ends: [theirs], prepare: { request throws(StartFailure) in try command.complete(&request) },
            then: { [self] answer in
                switch answer {
                case .success(let child): begin(child)
                case .failure(let failure): refuse(failure.description)
                }
            })
    }

    private func begin(_ child: Child) {
        self.child = child
        do throws(IOFailure) {
            try child.onEnd(loop) { [self] in ended() }
        } catch {
            try? child.signalGroup(SIGKILL)
            _ = child.collect()
            return refuse("\(error)")
        }
        if isEnding { signal() }
    }

    private func refuse(_ why: String) {
        pipe?.close()
        answer(.refused(why))
        leave()
    }

    private func ended() {
        guard let child else { return }
        // What a run that was told to end leaves behind would go on for ever.
        if isEnding { try? child.signalGroup(SIGKILL) }
        let exit = child.collect()
        pipe?.readRest()
        let line = pipe?.tail.lastLine ?? ""
        if let pipe {
            if isEnding { pipe.close() } else { surroundings.drains.keep(pipe) }
        }
        answer(.ended(exit, lastLine: line))
        leave()
    }

    private func timeOut() {
        timer = nil
        pipe?.readRest()
        let line = pipe?.tail.lastLine ?? ""
        terminate()
        answer(.timedOut(lastLine: line))
    }

    /// Ends it, and everything of its group: SIGTERM, and SIGKILL after a moment. `result` is not called any more,
    /// `gone` is.
    func cancel() {
        result = nil
        terminate()
    }

    /// Ends it at once.
    func kill() {
        result = nil
        isEnding = true
        try? child?.signalGroup(SIGKILL)
    }

    private func terminate() {
        guard !isEnding else { return }
        isEnding = true
        signal()
    }

    private func signal() {
        guard let child else { return }
        // A stopped process would not hear it.
        try? child.signalGroup(SIGTERM)
        try? child.signalGroup(SIGCONT)
        loop.after(surroundings.grace) { [weak self] in try? self?.child?.signalGroup(SIGKILL) }
    }

    private func answer(_ end: ScriptEnd) {
        if let timer { loop.cancel(timer) }
        timer = nil
        let result = result
        self.result = nil
        result?(end)
    }

    private func leave() {
        child = nil
        pipe = nil
        let gone = gone
        self.gone = nil
        gone?()
    }
}

extension Duration {
    /// "5 s", "0.5 s"
    var inSecondsText: String {
        let milliseconds = components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
        guard milliseconds % 1000 != 0 else { return "\(milliseconds / 1000) s" }
        var fraction = String(1000 + milliseconds % 1000).dropFirst()
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(milliseconds / 1000).\(fraction) s"
    }
}
