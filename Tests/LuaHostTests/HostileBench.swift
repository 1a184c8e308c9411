/// Runs hostile plugins beside a good one in one engine, with the counterparts that they need.
import CLinux
import Glibc
import Lab
import LinuxIO
import LuaHost

/// One engine for many hostile plugins, one after the other.
final class HostileBench {
    let bench: ScriptBench
    private let silent = FakeServer(.silent)
    private let endless = HTTPServer(raw: { client in
        while client.send([UInt8](repeating: 0x61, count: 65_536)) {}
    })
    private let body = HTTPServer { _, client in
        client.send("HTTP/1.1 200 OK\r\n\r\n")
        while client.send([UInt8](repeating: 0x61, count: 65_536)) {}
    }
    private let full = FullListener()
    private let names = FakeDNS(.silent)
    private let fifo: String
    private let values: [HostileNeed: String]

    /// Small, so that everything ends soon.
    static var limits: ScriptLimits {
        var limits = ScriptLimits()
        limits.memoryBytes = 4 << 20
        limits.slice = .milliseconds(1)
        limits.computing = .milliseconds(20)
        limits.closing = .milliseconds(5)
        limits.loading = .milliseconds(200)
        limits.handles = 32
        limits.tasks = 40
        limits.commands = 4
        return limits
    }

    init(limits: ScriptLimits = limits) {
        bench = ScriptBench(limits: limits)
        fifo = bench.file("fifo", "")
        unlink(fifo)
        mkfifo(fifo, 0o600)
        bench.module("p_module.lua", "require 'p_module'")
        values = [
            .silentPort: "\(silent.port)", .endlessPort: "\(endless.port)", .bodyPort: "\(body.port)",
            .fullPort: "\(full.port)", .silentDNS: "127.0.0.1:\(names.port)", .fifo: fifo,
        ]
    }

    /// What a run came to.
    struct Outcome {
        /// The first report that has one of the words; else everything that was said.
        var report: String?
        var said: [String]
        /// How often the good plugin's check has passed since the plugin was started, and after its report.
        var passes = 0
        /// The most results of the hostile check in a row, with none of the good one between.
        var mostInARow = 0
    }

    /// A good neighbour.
    private static let good =
        "halua.check{name='c', interval='10ms', timeout='5s', run=function() halua.sleep('1ms') return true end}"

    /// Loads and starts a hostile plugin beside the good one, and waits until it is reported and the good one has run
    /// three times more. A plugin that does not load is reported by that; then the good one runs alone.
    func run(_ plugin: HostileCase) -> Outcome {
        bench.clear()
        let (hostile, neighbour) = (
            bench.plugin(plugin.complete(plugin.text, with: values)), bench.plugin(Self.good, name: "good")
        )
        var outcome = Outcome(report: nil, said: [])
        do throws(LoadFailures) {
            bench.start(try bench.load(hostile, neighbour), instances: [snapshot("VI_1")])
        } catch {
            outcome.said = error.failures.map(\.description)
            outcome.report = outcome.said.first { plugin.isReported(by: $0) }
            guard let alone = try? bench.load(neighbour) else { return outcome }
            bench.start(alone)
        }
        if outcome.said.isEmpty {
            outcome.report = bench.wait { message in
                Self.words(of: message).flatMap { plugin.isReported(by: $0) ? $0 : nil }
            }
        }
        let before = passes
        _ = bench.wait { [self] _ in passes >= before + 3 ? true : nil }
        let all = bench.messages
        outcome.passes = passes - before
        outcome.mostInARow = Self.mostInARow(all)
        outcome.said += all.compactMap(Self.words)
        return outcome
    }

    /// Runs the body of a case again and again, each time as a task of its own, and says how many kilobytes of Lua's
    /// memory have come to stay; nil when it did not come to its end.
    func rounds(of plugin: HostileCase, _ count: Int) -> Double? {
        guard let body = plugin.body else { return nil }
        bench.clear()
        let text = """
            local with_timeout, sleep, store, say = halua.with_timeout, halua.sleep, halua.store, halua.log.error
            local function body() \(plugin.complete(body, with: values))
            end
            -- In a run of its own: what the rounds left may take longer to collect than a run may compute, and a run
            -- that is ended for that has collected it.
            local function collect() pcall(with_timeout, '1s', collectgarbage) end
            local function memory()
              for key in pairs(store) do store[key] = nil sleep(0) end
              collect() collect()
              return collectgarbage('count')
            end
            halua.spawn(function()
              for _ = 1, 3 do pcall(with_timeout, '30ms', body) end
              local before = memory()
              for _ = 1, \(count) do pcall(with_timeout, '30ms', body) end
              local kept = memory() - before
              while true do say('kept ' .. kept) sleep('100ms') end
            end)
            """
        do throws(LoadFailures) {
            bench.start(try bench.load(bench.plugin(text)), instances: [snapshot("VI_1")])
        } catch {
            return nil
        }
        return bench.wait(seconds: 30) { message in
            guard case .log(.error, plugin: "p", let text, _) = message, text.hasPrefix("kept ") else { return nil }
            return Double(text.dropFirst(5))
        }
    }

    /// What was said last, for a failure that nobody expected.
    var lastWords: [String] { Array(bench.messages.compactMap(Self.words).suffix(3)) }

    /// Puts nothing in the place of what ran.
    func clear() {
        guard let empty = try? bench.load(bench.plugin("", name: "none")) else { return }
        bench.start(empty)
    }

    private var passes: Int {
        bench.messages.count { if case .checkResult("good.c", .passed, _) = $0 { true } else { false } }
    }

    private static func mostInARow(_ messages: [FromScript]) -> Int {
        var (count, most) = (0, 0)
        for message in messages {
            guard case .checkResult(let name, _, _) = message else { continue }
            count = name == "p.c" ? count + 1 : 0
            most = max(most, count)
        }
        return most
    }

    private static func words(of message: FromScript) -> String? {
        switch message {
        case .checkResult("p.c", .passed, _): "passed"
        case .checkResult("p.c", .failed(let reason), _): reason
        case .checkResult("p.c", .broken(let text), _): text
        case .log(_, plugin: "p", let text, let fields):
            ([text] + fields.map { "\($0.key)=\($0.value)" }).joined(separator: " ")
        default: nil
        }
    }
}

extension HostileCase {
    func isReported(by words: String) -> Bool {
        if isPlaced, !words.contains("p.lua:"), !words.contains("p_module") { return false }
        return reports.contains { words.contains($0) } || (isPlaced && words.contains(Self.computing))
    }
}

/// A listener whose queue is full: whoever connects waits for ever.
private final class FullListener {
    let port: Int
    private var descriptors: [Int32] = []

    init() {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let listener = socket(AF_INET, kind, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        var all = [listener]
        port = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                _ = bind(listener, .init(__sockaddr__: generic), length)
                _ = getsockname(listener, .init(__sockaddr__: generic), &length)
                listen(listener, 0)
                for _ in 0..<4 {
                    let client = socket(AF_INET, kind, 0)
                    _ = connect(client, .init(__sockaddr__: generic), length)
                    all.append(client)
                }
            }
            return Int(UInt16(bigEndian: pointer.pointee.sin_port))
        }
        descriptors = all
    }

    deinit { for descriptor in descriptors { close(descriptor) } }
}
