/// The shipped plugins that start programs or look at processes and disks, with each of these at its worst.
import Glibc
import LinuxIO
import LuaHost
import Testing

@Suite(.serialized) struct HostileProgramTests {
    private static let plugins =
        "\(#filePath)".split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/plugins"

    /// Reproducible noise: control characters, quotes, what is no UTF-8.
    private static let noise = #"awk 'BEGIN { srand(7); for (i = 0; i < 5000; i++) printf "%c", int(rand() * 256) }'"#
    /// Longer than any output that is kept.
    private static let longLine = "head -c 3000000 /dev/zero | tr '\\0' a"

    /// One check of a plugin, and what its failures must say.
    private struct Case {
        var path: String
        var check: String
        var options: [(String, [String])]
        var words: String
    }

    /// Runs each case's check at least twice, all side by side. Returns what is wrong.
    private static func problems(_ cases: [Case]) throws -> [String] {
        let problems = Lock<[String]>([])
        try OwnDescriptors.run {
            let before = OwnDescriptors.count
            let found = try Self.run(cases).flatMap { index, results in
                results.compactMap { result in
                    HostilePeerTests.problem(result, cases[index].words).map { "\(cases[index].options): \($0)" }
                }
            }
            let left = OwnDescriptors.settled(at: before) - before
            problems.withLock {
                $0 = left > 0 ? found + ["\(left) descriptors are left open: \(OwnDescriptors.list)"] : found
            }
        }
        return problems.withLock { $0 }
    }

    /// The different results of each case.
    private static func run(_ cases: [Case]) throws -> [(Int, Set<CheckResult>)] {
        let bench = ScriptBench()
        var specs = [
            bench.plugin("halua.check{name='c', interval='20ms', run=function() return true end}", name: "neighbour")
        ]
        var schedules = [CheckSchedule(name: "neighbour.c")]
        for (index, item) in cases.enumerated() {
            let lines = item.options.map {
                OptionLine(key: $0.0, values: $0.1, file: "halua.conf", line: 2, column: 5)
            }
            specs.append(PluginSpec(name: "p\(index)", path: item.path, options: lines))
            schedules.append(
                CheckSchedule(name: "p\(index).\(item.check)", interval: .milliseconds(50), timeout: .seconds(1)))
        }
        bench.engine.start(try ScriptEngine.load(specs, limits: bench.engine.limits).get(), checks: schedules)
        var results: [(Int, Set<CheckResult>)] = cases.enumerated().map { index, item in
            let results = Set(bench.results(of: "p\(index).\(item.check)", 2))
            return (index, results.isEmpty ? [.broken("says nothing")] : results)
        }
        bench.clear()
        if bench.result(of: "neighbour.c") != .passed { results.append((0, [.broken("the engine does not go on")])) }
        bench.engine.stop()
        _ = bench.wait { if case .stopped = $0 { true } else { nil } }
        return results
    }

    @Test("a program that floods, hangs, babbles or dies is a failure with its name") func exec() throws {
        let scripts = [
            ("yes", "sh did not end within "), ("sleep 60", "sh did not end within "),
            ("trap '' TERM INT HUP; while :; do :; done", "sh did not end within "),
            ("exec >&- 2>&-; sleep 60", "sh did not end within "), ("\(Self.noise); exit 2", "sh says CRITICAL: "),
            ("\(Self.noise) >&2; exit 1", "sh says WARNING: "),
            ("\(Self.longLine); exit 2", "sh says CRITICAL: aaaaaaaa"),
            ("kill -SEGV $$", "sh was ended by signal 11: it printed nothing"),
            ("printf '\\033[31mred\\r\\nsecond'; exit 2", "sh says CRITICAL:  [31mred"),
            ("echo \"bad|'=;;;' a=1e999 =3 b==2 'x'=--5\"; exit 2", "sh says CRITICAL: bad"),
            ("sleep 3 & echo bad; exit 2", "sh"),
        ]
        let problems = try Self.problems(
            scripts.map { script, words in
                Case(
                    path: "\(Self.plugins)/exec.lua", check: "result",
                    options: [("command", ["sh", "-c", script]), ("warning", ["fail"])], words: words)
            })
        #expect(problems == [])
    }

    @Test("a systemctl that floods, hangs or babbles is a failure that names the unit") func systemctl() throws {
        let scripts = [
            "yes", "sleep 60", "\(Self.noise)", "\(Self.noise) >&2; exit 1", "\(Self.longLine)",
            "\(Self.longLine) >&2; exit 1", "exit 0", "exit 1", "kill -9 $$", "echo LoadState=loaded",
            "echo LoadState=loaded; echo ActiveState=; \(Self.noise)", "echo LoadState=\"$(\(Self.noise))\"",
            "echo LoadState=loaded; echo ActiveState=activating", "exec >&- 2>&-; sleep 60",
        ]
        let text = try FileReader.text("\(Self.plugins)/systemd_unit.lua")
        let files = ScriptBench()
        let problems = try Self.problems(
            scripts.enumerated().map { index, script in
                let call = #""systemctl", "show", "--no-pager","#
                try #require(text.contains(call))
                let played = text.replacing(call, with: "\"sh\", \"-c\", [==[\(script)]==],")
                let path = files.file("unit\(index).lua", played)
                return Case(path: path, check: "active", options: [("unit", ["nginx"])], words: "nginx.service")
            })
        #expect(problems == [])
    }

    @Test("a disk that is not there, is none, or hangs") func disk() throws {
        let folder = "/tmp/halua-pipe-\(getpid())"
        let pipe = "\(folder)/.halua-write"
        mkdir(folder, 0o755)
        // Whoever opens a pipe to write waits for a reader.
        mkfifo(pipe, 0o622)
        chmod(pipe, 0o622)
        defer {
            unlink(pipe)
            rmdir(folder)
        }
        let missing = "/nowhere cannot be looked at: No such file or directory"
        let cases = [
            ("/nowhere", "space", missing), ("/nowhere", "inodes", missing),
            ("/nowhere", "write", "a write to /nowhere failed: failed to open"),
            ("/dev/null", "write", "a write to /dev/null failed: failed to open"),
            ("/proc", "write", "a write to /proc failed: failed to open"), (folder, "write", "\(folder)"),
        ].map { path, check, words in
            Case(path: "\(Self.plugins)/disk.lua", check: check, options: [("path", [path])], words: words)
        }
        #expect(try Self.problems(cases) == [])
        let hanging = try Self.run([cases[5]])[0].1.map { if case .failed(let reason) = $0 { reason } else { "" } }
        #expect(hanging.contains("a write to \(folder) did not come to its end within 0.9 s: the disk hangs"))
        // The second run starts no second write.
        #expect(hanging.contains { $0.hasPrefix("writes to \(folder) hang for ") })
    }

    @Test("the name of a process may look like the kernel's own table") func process() throws {
        let word = "halua-odd-\(getpid())"
        for name in ["x) Z 1 (", "\n(9) R\n", ") T", "%s%n$("] {
            let odd = TestProcess([word, name], script: "printf '%s' \"$1\" >/proc/$$/comm; read line")
            defer { odd.end() }
            let comm = "/proc/\(odd.identifier)/comm"
            for _ in 1...1_000 where (try? FileReader.text(comm)) != name + "\n" { usleep(1_000) }
            for options in [[("cmdline", [word])], [("name", [name])]] {
                let path = "\(Self.plugins)/process.lua"
                let results = try Self.run([Case(path: path, check: "running", options: options, words: "")])
                #expect(results.map(\.1) == [[.passed]], "\(options)")
            }
        }
    }
}
