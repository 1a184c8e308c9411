/// The script engine on the caller's own loop: for tools that run one check, and for tests with a hand-cranked clock.
import LinuxIO

/// Runs generations of plugins: on a thread of their own (`ScriptEngine`), or on the loop of the one who asks.
package protocol ScriptRunner: AnyObject {
    /// Makes the generation the running one.
    func start(_ generation: LoadedGeneration, checks: [CheckSchedule], instances: [InstanceSnapshot])
    /// The answer arrives as `FromScript.loaded` with the same token.
    func loadInBackground(_ plugins: [PluginSpec], token: UInt64)
    func send(_ message: ToScript)
    /// Ends everything; `FromScript.stopped` follows.
    func stop()
    /// What the thread computes right now ("mycat.greeting"), and since when; nil while it waits for events.
    var running: (name: String, sinceNanoseconds: Int64)? { get }
    /// Gives up a thread that no longer answers.
    func abandon()
}

/// One step of one task, for those who want to see where a run spends its time.
package struct TaskStep: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// Its code runs, from the beginning or after a wait.
        case goesOn
        /// It waits in a function of the API, called there: "tcp.connect", "mycat.lua:88".
        case waits(in: String, place: String)
        case ended(computed: Duration)
    }

    /// "mycat.greeting"; tasks that it spawned have its name.
    package var task: String
    /// One task among those of the same name, as long as it lives.
    package var identity: ObjectIdentifier
    package var kind: Kind

    init(_ task: ScriptTask, _ kind: Kind) {
        self.task = task.name
        identity = ObjectIdentifier(task)
        self.kind = kind
    }
}

/// The same scheduler, checks and hooks as on the script thread, without the thread.
package final class DirectEngine: ScriptRunner {
    private let limits: ScriptLimits
    private let post: (FromScript) -> Void
    private let thread: ScriptThread
    private let world: ScriptedWorld?

    /// - Parameters:
    ///   - world: what stands for the machine, in a test.
    ///   - trace: told of every step of every task.
    package init(
        loop: EventLoop, limits: ScriptLimits, world: ScriptedWorld? = nil, trace: ((TaskStep) -> Void)? = nil,
        post: @escaping (FromScript) -> Void
    ) {
        self.limits = limits
        self.post = post
        self.world = world
        thread = ScriptThread(loop: loop, limits: limits, control: ThreadControl(), vault: StoreVault(), post: post) {
            post(.stopped)
        }
        thread.trace = trace
        thread.beat()
    }

    package func start(_ generation: LoadedGeneration, checks: [CheckSchedule], instances: [InstanceSnapshot]) {
        thread.receive(.run(generation, checks: checks, instances: instances))
    }

    package func loadInBackground(_ plugins: [PluginSpec], token: UInt64) {
        post(.loaded(token: token, LoadedGeneration.load(plugins, limits: limits, world: world)))
    }

    package func send(_ message: ToScript) { thread.receive(.message(message)) }

    package func stop() { send(.stop) }

    /// There is no thread that could hang, or be given up.
    package var running: (name: String, sinceNanoseconds: Int64)? { nil }
    package func abandon() {}

    /// Cancels every task and closes everything, at once.
    package func end() { thread.end() }
}
