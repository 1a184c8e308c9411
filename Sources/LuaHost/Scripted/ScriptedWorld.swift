/// What a plugin under test sees of the world: nothing real, only what its test describes.
import LinuxIO

/// A question of a plugin that the test answers: a connection, a name, a request.
package final class WorldQuestion {
    /// The function that was called: "tcp.connect".
    package let path: String
    /// Whose function it was: the name of the node.
    package let node: String
    package let arguments: [PlainValue]
    /// Where the plugin called it: "mycat.lua:88".
    package var place: String { wakeup.place }

    private let wakeup: Wakeup
    private let program: Program
    private let loop: EventLoop
    private var timer: TimerToken?
    /// What to do when the answer is a connection.
    private let connected: ((StreamSocket) -> Void)?
    /// What to do with an answer that is not handed on as it is.
    private let accepted: (([PlainValue]) -> Void)?
    private(set) package var isOpen = true

    init(
        _ path: String, node: String, arguments: [PlainValue], wakeup: Wakeup, program: Program, loop: EventLoop,
        accepted: (([PlainValue]) -> Void)? = nil, connected: ((StreamSocket) -> Void)? = nil
    ) {
        self.path = path
        self.node = node
        self.arguments = arguments
        self.wakeup = wakeup
        self.program = program
        self.loop = loop
        self.accepted = accepted
        self.connected = connected
    }

    /// Ends it as timed out when no answer has come by then.
    func limit(to timeout: Duration?, _ sentence: String) {
        guard let timeout else { return }
        timer = loop.after(timeout) { [weak self] in
            self?.fail("timeout", "\(sentence): timed out after \(Durations.describe(timeout))")
        }
    }

    /// Nobody waits for the answer any more.
    func close() {
        isOpen = false
        if let timer { loop.cancel(timer) }
        timer = nil
    }

    package func answer(_ values: [PlainValue]) {
        guard isOpen else { return }
        close()
        if let accepted { return accepted(values) }
        wakeup.resume { [path] stack in
            let values = values.prefix(Int(Stack.most) / 2)
            for value in values {
                if let error = OperatingError(value) { error.push(on: stack) } else { value.push(on: stack) }
            }
            if path.hasPrefix("http."), !values.isEmpty { HTTPBinding.makeResponse(-Int32(values.count), on: stack) }
            return Int32(values.count)
        }
    }

    /// `kind`: one of the API's words, else "denied". `code`: a server's number, where it has said one.
    package func fail(_ kind: String, _ message: String, code: Int? = nil) {
        guard isOpen else { return }
        close()
        wakeup.fail(OperatingError(OperatingError.Kind(rawValue: kind) ?? .denied, message, code: code))
    }

    /// Answers by a connection; returns the far end of it. nil: nobody waits any more, or this is no connection.
    func connect() -> StreamSocket? {
        guard isOpen, let connected else { return nil }
        close()
        do throws(IOFailure) {
            let (near, far) = try StreamSocket.pair()
            connected(near)
            return far
        } catch {
            wakeup.fail(OperatingError(.denied, error.description))
            return nil
        }
    }
}

/// The world of one node under test.
package final class ScriptedWorld {
    /// The node's name, for messages.
    package let node: String
    let loop: EventLoop
    package let processes = ScriptedProcesses()
    package let files = ScriptedFiles()
    /// Who answers the plugins' questions.
    package var ask: ((WorldQuestion) -> Void)?

    package init(node: String, loop: EventLoop) {
        self.node = node
        self.loop = loop
        processes.readFile = { [files] in files.read($0) }
    }

    /// Loads plugins into this world.
    package func load(_ plugins: [PluginSpec], limits: ScriptLimits) -> Result<LoadedGeneration, LoadFailures> {
        LoadedGeneration.load(plugins, limits: limits, world: self)
    }
}

extension OperatingError {
    /// What `t.error` makes; nil for any other value.
    init?(_ value: PlainValue) {
        guard let kind = value["kind"].text, let message = value["message"].text,
            let known = Kind(rawValue: kind)
        else { return nil }
        self.init(known, message, code: value["code"].integer)
    }
}
