/// halua.file against real files: what they are, how much room there is, and every way in which they change.
import CLinux
import Glibc
import LuaHost
import Testing

@Suite struct FileTests {
    let bench = ScriptBench()

    /// Runs a shell's script in the directory of the bench.
    private func shell(_ script: String) {
        let process = TestProcess([], script: "cd \(folder) && \(script)")
        process.reap()
    }

    private let folder: String

    init() {
        let path = bench.file("anchor", "x")
        folder = String(path.prefix(path.count - "/anchor".count))
    }

    @Test("stat tells kind, size, time, permissions and owner")
    func stat() throws {
        let path = bench.file("plain", "12345")
        chmod(path, 0o640)
        let body = """
            local s = assert(halua.file.stat('\(path)'))
            assert(s.kind == 'file' and s.size == 5 and s.mode == '0640' and s.owner == \(getuid()) and s.group == \(getgid()))
            assert(math.abs(halua.time() - s.mtime) < 60)
            assert(halua.file.stat('/tmp').mode == '1777' and halua.file.stat('/dev/null').kind == 'character')
            assert(halua.file.stat('/tmp').kind == 'directory')
            local none, err = halua.file.stat('/nowhere')
            return none == nil and err.kind == 'denied' and err.message == 'file.stat /nowhere: No such file or directory'
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test("free tells the room of a file system as df does")
    func room() throws {
        let body = """
            local r = assert(halua.file.free('/'))
            local df = assert(halua.exec{'df', '--output=size,avail,itotal', '-B1', '/'})
            local size, available, inodes = df.stdout:match('(%d+)%s+(%d+)%s+(%d+)')
            assert(r.total == tonumber(size) and r.inodes == tonumber(inodes))
            assert(math.abs(r.available - tonumber(available)) < r.total / 10 and r.free >= r.available)
            assert(halua.file.free('/proc').total == 0 and r.read_only == false)
            local none, err = halua.file.free('/nowhere')
            return none == nil and err.kind == 'denied'
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test(
        "every way in which a file changes is told",
        arguments: [
            ("", "echo a > watched", "created"),
            ("echo a > watched", "echo b >> watched", "changed"),
            // The same length within the same tick of the clock: only the kernel's notice tells.
            ("echo a > watched", "echo b > watched", "changed"),
            ("echo a > watched", "echo b > other && mv other watched", "changed"),
            ("", "echo b > other && mv other watched", "created"),
            ("echo a > watched", "rm watched", "removed"),
            ("echo a > watched", "mv watched other", "removed"),
            ("echo a > target && ln -s target watched", "echo b > target", "changed"),
            ("", "mkdir watched", "created"),
            // Twice, and told as one.
            ("", "echo a > watched && echo b >> watched && sleep 0.05", "created"),
            ("echo a > watched", "rm watched && echo b > watched && sleep 0.05", "changed"),
        ])
    func changes(_ before: String, _ change: String, _ word: String) throws {
        if !before.isEmpty { shell(before) }
        try bench.run(
            """
            halua.spawn(function()
              local watch = assert(halua.file.watch('\(folder)/watched'))
              print('ready')
              print('told', watch:wait(20))
              print('again', watch:wait('20ms'))
            end)
            """)
        _ = bench.logged("ready")
        shell(change)
        let told = bench.logged("told")
        // The writes of one command may be told one by one.
        #expect(told == "told\t\(word)" || (word == "changed" && told == "told\tremoved"))
        _ = bench.logged("again")
        shell("rm -rf watched other target")
    }

    @Test("a directory that is made later, goes, and comes back is followed, and said")
    func directory() throws {
        try bench.run(
            """
            halua.spawn(function()
              local watch = assert(halua.file.watch('\(folder)/a/b/file'))
              print('ready')
              -- A shell makes a file and then writes it: that may be told as one change or as two.
              for i, word in ipairs{'created', 'removed', 'created'} do
                repeat local change, detail = watch:wait(20) until change == word or not change
                print(i, word)
              end
            end)
            """)
        _ = bench.logged("ready")
        shell("mkdir a && sleep 0.02 && mkdir a/b && sleep 0.02 && echo x > a/b/file")
        #expect(bench.logged("1\t") == "1\tcreated")
        shell("rm -r a")
        #expect(bench.logged("2\t")?.hasPrefix("2\tremoved") == true)
        shell("mkdir -p a/b && echo x > a/b/file")
        #expect(bench.logged("3\t") == "3\tcreated")
        shell("rm -r a")
    }

    @Test("a directory that has gone is told with the file")
    func lostDirectory() throws {
        shell("mkdir a && echo x > a/file")
        try bench.run(
            """
            halua.spawn(function()
              local watch = assert(halua.file.watch('\(folder)/a/file'))
              print('ready')
              print('told', watch:wait(20))
            end)
            """)
        _ = bench.logged("ready")
        shell("mv a b")
        let said = bench.logged("told")
        #expect(said == "told\tremoved\tits directory \(folder)/a does not exist any more")
        shell("rm -r b")
    }

    @Test("a check runs at once when its file changes")
    func wakes() throws {
        try bench.run(
            """
            local watch = halua.file.watch('\(folder)/watched')
            halua.check{name='c', interval=600, wake_on=watch, run=function()
              return halua.file.stat('\(folder)/watched') ~= nil, 'gone'
            end}
            """)
        #expect(bench.results(of: "p.c", 1) == [.failed("gone")])
        shell("echo a > watched")
        #expect(bench.wait { if case .checkResult("p.c", .passed, _) = $0 { true } else { nil } } == true)
        shell("rm watched")
    }

    @Test("a wait ends at its time, with the watch, and with its task")
    func ends() throws {
        let body = """
            local watch = assert(halua.file.watch('\(folder)/watched'))
            local none, err = watch:wait('10ms')
            assert(none == nil and err.kind == 'timeout', tostring(err))
            local task = halua.spawn(function() return watch:wait() end)
            halua.sleep('2ms')
            assert(not pcall(watch.wait, watch))
            task:cancel()
            halua.sleep('2ms')
            task = halua.spawn(function() return watch:wait(60) end)
            halua.sleep('2ms')
            watch:close()
            none, err = task:join()
            assert(none == nil and err.kind == 'closed', tostring(err))
            none, err = watch:wait()
            assert(none == nil and err.kind == 'closed')
            watch:close()
            return true
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test("wrong arguments are the script's bugs")
    func wrongArguments() throws {
        for (body, message) in [
            ("halua.file.watch('x')", "needs a whole path"), ("halua.file.watch(1)", "a path (a string)"),
            ("halua.file.stat()", "a path (a string)"), ("halua.file.free({})", "a path (a string)"),
        ] {
            guard case .broken(let text) = try bench.check(body) else {
                Issue.record("not broken: \(body)")
                continue
            }
            #expect(text.contains(message))
        }
    }

    @Test("ten thousand watches leave nothing behind, and a busy directory does not drown a script")
    func rounds() throws {
        try bench.run(
            """
            halua.spawn(function()
              for i = 1, 10000 do
                local watch <close> = assert(halua.file.watch('\(folder)/watched' .. i % 7))
                if i % 100 == 0 then halua.sleep('1ms') end
              end
              local kept = {}
              for i = 1, 200 do kept[i] = assert(halua.file.watch('\(folder)/watched')) end
              print('kept', #kept)
            end)
            """)
        #expect(bench.wait(seconds: 60) { if case .log(_, _, "kept\t200", _) = $0 { true } else { nil } } == true)
        try bench.run(
            """
            halua.spawn(function()
              local watch = assert(halua.file.watch('\(folder)/last'))
              print('ready')
              print('told', watch:wait(20))
            end)
            """, name: "q")
        _ = bench.logged("ready")
        shell("i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); : > noise; done; rm noise; echo x > last")
        #expect(bench.wait(seconds: 30) { if case .log(_, _, "told\tcreated", _) = $0 { true } else { nil } } == true)
        shell("rm last")
    }
}
