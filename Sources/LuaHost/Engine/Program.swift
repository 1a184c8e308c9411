/// One loaded plugin: its Lua state, the API in it, and what it registered.
import CLua
import CLuaGlue
import LinuxIO

/// A plugin's state. It is made and loaded on one thread, handed over once, and then lives on the script thread.
final class Program {
    let spec: PluginSpec
    let limits: ScriptLimits
    var name: String { spec.name }

    /// What the load phase registered.
    var checks: [CheckDefinition] = []
    var hooks: [HookDefinition] = []
    var durings: [DuringDefinition] = []
    var recurring: [Recurring] = []
    var gates: [GateDefinition] = []
    /// Functions given to `halua.spawn` while loading; they start with the generation.
    var startup: [BackgroundTask] = []
    /// Why the plugin cannot be used: all reasons that were found.
    var failures: [LoadFailure] = []
    var readOptions = false
    /// Where what the plugin keeps outlives it; nil in the load phase.
    var vault: StoreVault?
    /// The modules that were required, by their names.
    var modules = Modules()
    /// FNV-1a over the text of the plugin's files.
    private(set) var sourceHash: UInt64 = 0xcbf2_9ce4_8422_2325

    /// nil in the load phase.
    weak var scheduler: Scheduler?
    /// Whose clock holds in the load phase: a hand-cranked loop's; nil for the kernel's.
    let loadingLoop: EventLoop?
    /// What stands for the machine in a test; nil for the machine itself.
    let world: ScriptedWorld?
    /// The test that runs in this state; nil for plugins.
    weak var test: TestProgram?
    var processes: any ProcessView { world?.processes ?? KernelProcesses.shared }
    var taskCount = 0
    var logLimiter = LogLimiter()
    /// What it counts and measures, by name, with the userdata of each.
    var metrics: [String: (metric: Metric, reference: Int32)] = [:]
    /// Metrics with too many labels, which was said.
    var fullMetrics: Set<String> = []
    /// Commands that have not ended yet.
    var commandCount = 0

    /// Objects that scripts hold by a userdata, by its identifier.
    var objects: [UInt64: any HandleObject] = [:]
    var lastHandle: UInt64 = 0
    var scarceHandles = 0
    /// The userdata of each instance that the script has asked for: one each, so that they compare equal.
    var instanceHandles: [String: Int32] = [:]

    /// The HTTP transfers; made by the first.
    var transfers: TransferLoop?

    /// The glue's state. nil only while `init` works.
    let state: OpaquePointer
    private let functions: [HostFunction]
    /// A stack for building values outside of any task.
    var builder: Stack { Stack(pointer: halua_builder(state)) }

    /// - Parameters:
    ///   - functions: the API, or the API with another world behind it.
    ///   - loop: whose clock holds in the load phase already.
    ///   - world: what stands for the machine in a test.
    ///
    /// Throws when there is no memory for a state.
    init(
        _ spec: PluginSpec, limits: ScriptLimits, functions: [HostFunction] = Bindings.all, loop: EventLoop? = nil,
        world: ScriptedWorld? = nil
    ) throws(LoadFailure) {
        self.spec = spec
        self.limits = limits
        self.functions = functions
        loadingLoop = loop
        self.world = world
        let host = UnsafeMutableRawPointer.allocate(byteCount: MemoryLayout<UInt>.size, alignment: 8)
        guard let state = halua_open(host, Self.dispatch, limits.memoryBytes) else {
            host.deallocate()
            throw LoadFailure(message: "not enough memory for a Lua state", file: spec.path)
        }
        self.state = state
        self.host = host
        host.storeBytes(of: UInt(bitPattern: Unmanaged.passUnretained(self).toOpaque()), as: UInt.self)
        Bindings.install(functions, into: self)
    }

    /// A word of memory that holds this object's address: the glue needs an address before the object is complete.
    private let host: UnsafeMutableRawPointer

    /// The monotonic clock of the loop the plugin runs on; while it is loaded there may be none.
    var time: Int64 { (scheduler?.loop ?? loadingLoop)?.time ?? Clock.monotonic }
    /// Nanoseconds since 1970.
    var wallTime: Int64 { (scheduler?.loop ?? loadingLoop)?.wallTime ?? Clock.realtime }

    /// Gives back everything scripts hold: connections and watches close now, and no object keeps the plugin alive.
    func releaseObjects() {
        for object in objects.values { object.released() }
        objects = [:]
        transfers?.close()
        transfers = nil
    }

    deinit {
        releaseObjects()
        halua_close(state)
        host.deallocate()
    }

    func note(source: [UInt8]) {
        sourceHash = source.reduce(sourceHash) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    /// Lets go of a kept value.
    func release(_ reference: Int32) { halua_release(state, reference) }

    // MARK: Calls from Lua

    /// What the glue calls for every host function.
    private static let dispatch: halua_dispatch = { host, pointer, function in
        guard let host, let pointer,
            let address = UnsafeRawPointer(bitPattern: host.load(as: UInt.self))
        else { return 0 }
        let program = Unmanaged<Program>.fromOpaque(address).takeUnretainedValue()
        return program.call(Int(function), Stack(pointer: pointer))
    }

    private func call(_ index: Int, _ stack: Stack) -> Int32 {
        let function = functions[index]
        let call = HostCall(
            stack: stack, program: self, path: function.path, knownFields: function.fields, mayWait: function.waits)
        do throws(ScriptFault) {
            try check(function, call)
            switch try function.body(call) {
            case .values(let count): return count
            case .wait: return Int32(HALUA_WAIT)
            }
        } catch {
            if error.isPlaced {
                stack.push(error.message)
                return Int32(HALUA_RAISE)
            }
            luaL_where(stack.pointer, 1)
            stack.push(error.message)
            lua_concat(stack.pointer, 2)
            return Int32(HALUA_RAISE)
        }
    }

    private func check(_ function: HostFunction, _ call: HostCall) throws(ScriptFault) {
        switch function.phase {
        case .always: return
        case .loading:
            if scheduler != nil {
                throw call.fault("belongs into the file itself: nothing can be registered once the plugin runs")
            }
        case .running:
            if scheduler == nil {
                throw call.fault("works inside of checks, hooks and tasks, not while the plugin is loaded")
            }
        }
    }
}

/// A check as the plugin described it.
struct CheckDefinition {
    var name: String
    var run: Int32
    var interval: Duration
    var timeout: Duration
    var rise: Int
    var fall: Int
    var weight: Int?
    var onBug: BugPolicy
    /// What makes it run at once.
    var wakeOn: (any WakeSource)?
}

/// A function that was given to `halua.spawn` while loading.
struct BackgroundTask {
    var function: Int32
    var place: String
}
