/// `halua watch`: the node's state on a whole terminal, as it changes.
import ArgumentParser
import ControlProtocol
import Daemon
import Glibc
import Journal
import LinuxIO

struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Watch the node on a whole terminal: nodes, priorities and reasons, checks, adverts, timers.",
        discussion: """
            It goes on through restarts of the daemon. "q" or Ctrl-C ends it.

            Exit status: 0, or 2 when standard output is no terminal.
            """)

    @Option(help: "Seconds between two looks.")
    var interval = 1.0

    @OptionGroup var colours: ColourOptions
    @OptionGroup var control: ControlOptions

    func validate() throws {
        guard interval >= 0.1, interval <= 3_600 else { throw ValidationError("--interval takes 0.1 to 3600 seconds") }
    }

    func run() throws {
        guard isatty(STDOUT_FILENO) == 1, isatty(STDIN_FILENO) == 1 else {
            printError("halua watch needs a terminal; \"halua status\" prints the same once")
            throw ExitCode(2)
        }
        try Watch(path: control.path, interval: .milliseconds(Int(interval * 1_000)), paint: colours.paint).run()
    }
}

/// Lives on the main thread of the tool.
private final class Watch {
    private let path: String
    private let interval: Duration
    private let paint: Paint
    private let loop: EventLoop
    private var report: StatusReport?
    private var failingSince: Int64?
    private var sentence = ""

    init(path: String, interval: Duration, paint: Paint) throws(IOFailure) {
        self.path = path
        self.interval = interval
        self.paint = paint
        loop = try EventLoop(maximumEvents: 8)
    }

    func run() throws(IOFailure) {
        let signals = try Signals([SIGINT, SIGTERM, SIGHUP, SIGWINCH])
        try signals.attach(to: loop) { [unowned self] notice in
            if notice.number == SIGWINCH { draw() } else { loop.stop() }
        }
        try loop.add(STDIN_FILENO, .read) { [unowned self] _ in
            var keys = [UInt8](repeating: 0, count: 64)
            let count = read(STDIN_FILENO, &keys, keys.count)
            if count <= 0 || keys[..<count].contains(UInt8(ascii: "q")) { loop.stop() }
        }
        var before = termios()
        tcgetattr(STDIN_FILENO, &before)
        var raw = before
        raw.c_lflag &= ~tcflag_t(ICANON | ECHO)
        tcsetattr(STDIN_FILENO, TCSANOW, &raw)
        // The other screen, without a cursor: what was on the terminal is there again afterwards.
        put("\u{1B}[?1049h\u{1B}[?25l")
        defer {
            put("\u{1B}[?25h\u{1B}[?1049l")
            tcsetattr(STDIN_FILENO, TCSANOW, &before)
        }
        look()
        loop.run()
    }

    private func look() {
        do {
            report = try ControlClient.ask(.status, at: path, timeout: .seconds(2)).status()
            failingSince = nil
        } catch {
            if failingSince == nil { failingSince = loop.time }
            sentence = "\(error)"
        }
        draw()
        loop.after(interval) { [weak self] in self?.look() }
    }

    private func draw() {
        var size = winsize()
        let isKnown = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 && size.ws_row > 0
        let failure = failingSince.map { (sentence, Int((loop.time - $0) / 1_000_000)) }
        let frame = WatchFrame(
            report: report, failure: failure, clock: Moments.clock(Clock.realtime / 1_000),
            columns: isKnown ? Int(size.ws_col) : 80, rows: isKnown ? Int(size.ws_row) : 24, paint: paint)
        // One write of a whole frame: nothing flickers.
        put("\u{1B}[H" + frame.lines.map { "\($0)\u{1B}[K" }.joined(separator: "\r\n") + "\u{1B}[J")
    }

    private func put(_ text: String) { writeAll(text, to: STDOUT_FILENO) }
}

/// When colours are used.
enum ColourChoice: String, CaseIterable, ExpressibleByArgument { case auto, always, never }

struct ColourOptions: ParsableArguments {
    @Option(help: "Colours: auto (on a terminal, unless NO_COLOR is set), always or never.")
    var color = ColourChoice.auto

    var paint: Paint {
        switch color {
        case .always: Paint(isOn: true)
        case .never: .off
        case .auto: Paint(isOn: isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == nil)
        }
    }
}
