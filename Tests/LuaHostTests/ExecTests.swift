/// halua.exec against real programs, friendly and hostile ones.
import CLinux
import Glibc
import LinuxIO
import LuaHost
import Testing

@Suite struct ExecTests {
    let bench = ScriptBench()
    private static let isRoot = getuid() == 0

    private func broken(_ body: String) throws -> String {
        guard case .broken(let text) = try bench.check(body) else { return "not broken" }
        return text
    }

    @Test(
        "a program's outputs and its end are told",
        arguments: [
            """
            local r = assert(halua.exec{'sh', '-c', 'echo out; echo err >&2; exit 3'})
            return r.code == 3 and r.signal == nil and r.stdout == 'out\\n' and r.stderr == 'err\\n' and not r.truncated
            """,
            "local r = assert(halua.exec{'sh', '-c', 'kill -KILL $$'}) return r.code == nil and r.signal == 9",
            "local r = assert(halua.exec{'cat', input = 'a\\0b'}) return r.code == 0 and r.stdout == 'a\\0b'",
            // No shell: what looks like one's syntax is text, and numbers are text too.
            "local r = assert(halua.exec{'echo', '$HOME', '`id`; *', 80}) return r.stdout == '$HOME `id`; * 80\\n', r.stdout",
            "local r = assert(halua.exec{'/bin/pwd', cwd = '/usr'}) return r.stdout == '/usr\\n', r.stdout",
            "local r = assert(halua.exec{'pwd'}) return r.stdout == '/\\n', r.stdout",
            """
            local r = assert(halua.exec{'sh', '-c', 'echo $A $B $LANG', env = {A = 'x y', B = 7}})
            return r.stdout == 'x y 7 C.UTF-8\\n', r.stdout
            """,
            // Nothing of the daemon's environment, and no descriptor but the three.
            """
            local r = assert(halua.exec{'env'})
            for line in r.stdout:gmatch('[^\\n]+') do
              local name = line:match('^(%w+)=')
              if not ({PATH = 1, LANG = 1, HOME = 1, USER = 1})[name] then return false, line end
            end
            r = assert(halua.exec{'sh', '-c', 'ls /proc/$$/fd'})
            return r.stdout == '0\\n1\\n2\\n', r.stdout
            """,
            """
            local r = assert(halua.exec{'sh', '-c', 'yes | head -c 200000; echo e >&2', max_output = 10})
            return r.truncated and r.stdout == 'y\\ny\\ny\\ny\\ny\\n' and r.stderr == 'e\\n' and r.code == 0
            """,
            """
            local r = assert(halua.exec{'sh', '-c', 'head -c 100000 /dev/zero'})
            return r.truncated and #r.stdout == 65536
            """,
            // Its session is its own: a signal to its group is not one to the daemon's.
            "local r = assert(halua.exec{'sh', '-c', 'kill -TERM 0; sleep 60'}) return r.signal == 15",
        ])
    func programs(_ body: String) throws {
        #expect(try bench.check(body, timeout: "20s") == .passed)
    }

    @Test("what cannot be run is an error with the reason")
    func refused() throws {
        let script = bench.file("script", "echo no interpreter line\n")
        chmod(script, 0o755)
        let plain = bench.file("plain", "#!/bin/sh\n")
        let open = bench.file("open", "#!/bin/sh\n")
        chmod(open, 0o777)
        // The bench's folder is its user's own, so only that user may run things in it.
        let user = Self.isRoot ? ", user = 'root'" : ""
        for (command, reason) in [
            ("'no-such-program'", "there is no such program in"), ("'/no/such'", "cannot be found"),
            ("'./x'", "needs a whole path"), ("'\(script)'\(user)", "needs a first line"),
            ("'\(plain)'\(user)", "may not be executed"), ("'\(open)'\(user)", "is writable by everybody"),
            ("'true', user = 'nobody-here'", Self.isRoot ? "not the user nobody-here" : "cannot run as"),
            ("'true', cwd = '/no/such'", "cannot be entered"),
        ] {
            let body = """
                local r, err = halua.exec{\(command)}
                return r == nil and err.kind == 'denied' and err.message:find('\(reason)', 1, true) ~= nil, tostring(err)
                """
            #expect(try bench.check(body) == .passed, "\(command)")
        }
    }

    @Test(
        "wrong arguments are the script's bugs",
        arguments: [
            ("halua.exec{}", "takes the program and its arguments as a list"),
            ("halua.exec('ls -l')", "argument 1 must be a table, not string"),
            ("halua.exec{'a', true}", "argument 2 must be a string, not boolean"),
            ("halua.exec{'a', 'b\\0c'}", "argument 2 must be text without NUL octets"),
            ("halua.exec{'a', timeot = 1}", "there is no field \"timeot\" (did you mean \"timeout\"?)"),
            ("halua.exec{'a', cwd = 'x'}", "cwd must be a whole path"),
            ("halua.exec{'a', env = {['x=y'] = 1}}", "field \"env\" must be a table of strings by name"),
            ("halua.exec{'a', max_output = 1e9}", "field \"max_output\" must be a whole number from 0 to"),
            ("table.sort({2, 1}, function(a, b) halua.exec{'true'} return a < b end)", "cannot wait here"),
        ])
    func wrongArguments(_ body: String, _ message: String) throws {
        #expect(try broken(body).contains(message))
    }

    @Test("a program without end is ended at its timeout, and what it said is told")
    func timeout() throws {
        let body = """
            local r, err, partial = halua.exec{'sh', '-c', 'echo begun; trap "" TERM; while :; do sleep 0.1; done',
              timeout = '2s'}
            return r == nil and err.kind == 'timeout' and err.message == 'exec sh: timed out after 2 s'
              and partial.stdout == 'begun\\n', tostring(err)
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test("an output flood and an unread input hold nothing up but the command itself")
    func floods() throws {
        let body = """
            local turns = 0
            halua.spawn(function() while true do turns = turns + 1 halua.sleep('1ms') end end)
            local r, err, partial = halua.exec{'yes', timeout = '2s'}
            assert(r == nil and err.kind == 'timeout' and #partial.stdout == 65536 and partial.truncated)
            r, err = halua.exec{'sleep', 60, input = ('x'):rep(1000000), timeout = '50ms'}
            return err.kind == 'timeout' and turns > 20, turns
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test("a cancelled run takes its command along, with all that it started")
    func cancelled() throws {
        let word = "halua-exec-cancel-\(getpid())"
        let result = try bench.check(
            "halua.exec{'sh', '-c', 'sh -c \"sleep 61; :\" \(word) & sleep 61; :', '\(word)'}", timeout: "150ms")
        #expect(result == .failed("timed out after 150 ms in exec (p.lua:2)"))
        #expect(countOfProcesses(with: word, becomes: 0))
    }

    @Test("ending the engine kills what still runs")
    func stopped() throws {
        let word = "halua-exec-stop-\(getpid())"
        try bench.run(
            "halua.spawn(function() halua.exec{'sh', '-c', 'trap \"\" TERM; while :; do sleep 0.1; done', '\(word)'} end)"
        )
        #expect(countOfProcesses(with: word, becomes: 1))
        bench.engine.stop()
        #expect(countOfProcesses(with: word, becomes: 0))
    }

    private func countOfProcesses(with word: String, becomes wanted: Int) -> Bool {
        let end = Clock.monotonic + 10_000_000_000
        while Clock.monotonic < end {
            let found = ((try? ProcessTable.identifiers()) ?? []).filter {
                ProcessTable.entry($0)?.isZombie == false && ProcessTable.arguments($0).last == word
            }
            if found.count == wanted { return true }
            usleep(5_000)
        }
        return false
    }

    @Test("a plugin may not run commands without end")
    func limit() throws {
        let body = """
            local tasks = {}
            for i = 1, 20 do tasks[i] = halua.spawn(halua.exec, {'sleep', '0.3'}) end
            local ran, refused = 0, 0
            for _, task in ipairs(tasks) do
              local r, err = task:join()
              if r then ran = ran + 1 elseif err.message:find('16 commands of this plugin run already') then refused = refused + 1 end
            end
            assert(halua.exec{'true'})
            return ran == 16 and refused == 4, ran .. ' ' .. refused
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test("as root the default user is one without rights, and root has to be asked for", .enabled(if: isRoot))
    func users() throws {
        let body = """
            local nobody = assert(halua.exec{'sh', '-c', 'id -un; grep NoNewPrivs /proc/self/status'})
            assert(nobody.stdout == 'nobody\\nNoNewPrivs:\\t1\\n' or nobody.stdout:find('keepalived_script'), nobody.stdout)
            local number = assert(halua.exec{'id', '-u', user = '4000000'})
            assert(number.stdout == '4000000\\n', number.stdout)
            local group = assert(halua.exec{'id', '-g', user = 'nobody', group = 'daemon'})
            assert(group.stdout == '1\\n', group.stdout)
            local root = assert(halua.exec{'sh', '-c', 'id -u; grep NoNewPrivs /proc/self/status', user = 'root'})
            return root.stdout == '0\\nNoNewPrivs:\\t0\\n', root.stdout
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test("many runs leave no descriptor behind")
    func rounds() throws {
        func descriptors() -> Int {
            guard let folder = opendir("/proc/self/fd") else { return -1 }
            defer { closedir(folder) }
            var count = 0
            while readdir(folder) != nil { count += 1 }
            return count
        }
        #expect(try bench.check("return halua.exec{'true'}.code == 0") == .passed)
        let before = descriptors()
        let body = """
            for i = 1, 150 do
              assert(halua.exec{'true'}.code == 0)
              assert(halua.exec{'sleep', 60, timeout = '1ms'} == nil)
            end
            return true
            """
        #expect(try bench.check(body, timeout: "60s") == .passed)
        // Other suites open descriptors at the same time; a leak would show as hundreds.
        #expect(descriptors() < before + 100)
    }
}
