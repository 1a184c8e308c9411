/// halua.process against real processes.
import Glibc
import LuaHost
import Testing

@Suite struct ProcessTests {
    let bench = ScriptBench()

    @Test("cmdline fits a whole argument, never a part of one")
    func exactArgument() throws {
        let word = "io.example.Exact\(getpid())"
        let exact = TestProcess([word])
        let partly = TestProcess(["\(word).log"])
        let body = """
            local found = halua.process.find{cmdline = '\(word)'}
            local any = halua.process.find{cmdline = {'\(word).log', '\(word)'}}
            -- It sleeps when it has come to read its input.
            while found[1] and found[1].state ~= 'sleeping' do
              halua.sleep('2ms')
              found = halua.process.find{cmdline = '\(word)'}
            end
            return #found == 1 and found[1].pid == \(exact.identifier) and found[1].state == 'sleeping' and #any == 2,
              #found .. ' ' .. #any .. ' ' .. tostring(found[1] and found[1].state)
            """
        #expect(try bench.check(body) == .passed)
        partly.end()
    }

    @Test("exe and pidfile find the process, and status tells about it")
    func otherCriteria() throws {
        let process = TestProcess(["a", "b c"])
        let pidfile = bench.file("x.pid", "\(process.identifier)\n")
        let body = """
            local byfile = halua.process.find{pidfile = '\(pidfile)'}
            assert(#byfile == 1 and byfile[1].pid == \(process.identifier))
            local status = halua.process.status(\(process.identifier))
            assert(status.arguments[5] == 'b c' and status.cwd and status.parent == \(getpid()))
            assert(halua.process.status(2147483647) == nil)
            assert(#halua.process.find{pidfile = '/nowhere'} == 0)
            assert(#halua.process.find{name = 'no such name'} == 0)
            for _, found in ipairs(halua.process.find{name = byfile[1].name}) do
              if found.pid == \(process.identifier) then return true end
            end
            return false
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test("a watch tells an exit at once, and a new process too")
    func watch() throws {
        let word = "io.example.Watch\(getpid())"
        var process: TestProcess? = TestProcess([word])
        try bench.run(
            """
            local watch = halua.process.watch{cmdline = '\(word)'}
            halua.check{name='c', interval=600, wake_on=watch, run=function()
              local pids = watch:pids()
              return #pids > 0, 'nobody'
            end}
            """)
        #expect(bench.results(of: "p.c", 1) == [.passed])
        process?.end()
        process = nil
        // With an interval of ten minutes only the kernel can have told.
        #expect(bench.results(of: "p.c", 2) == [.passed, .failed("nobody")])
        process = TestProcess([word])
        #expect(bench.results(of: "p.c", 3).last == .passed)
    }

    @Test("a process that has ended and was not collected is a zombie and no longer watched")
    func zombie() throws {
        let word = "io.example.Zombie\(getpid())"
        let process = TestProcess([word])
        try bench.run(
            """
            local watch = halua.process.watch{cmdline = '\(word)'}
            halua.check{name='c', interval=600, wake_on=watch, run=function()
              return #watch:pids() > 0, halua.process.status(\(process.identifier)).state
            end}
            """)
        #expect(bench.results(of: "p.c", 1) == [.passed])
        process.killWithoutReaping()
        #expect(bench.results(of: "p.c", 2) == [.passed, .failed("zombie")])
    }

    @Test("a process that forks and dies is followed to its child")
    func forks() throws {
        let word = "io.example.Fork\(getpid())"
        try bench.run(
            """
            local watch = halua.process.watch{cmdline = '\(word)'}
            local first
            halua.check{name='c', interval=600, wake_on=watch, run=function()
              local pids = watch:pids()
              first = first or pids[1]
              if #pids == 1 and pids[1] ~= first then print('followed') end
              return #pids > 0, 'nobody'
            end}
            """)
        #expect(bench.results(of: "p.c", 1) == [.failed("nobody")])
        // When it is told to, the first forks and dies; the child looks the same, and ends when its input does.
        let parent = TestProcess([word], script: "exec 3<&0; read go <&3; (read line <&3; :) & exit 0")
        #expect(bench.wait { if case .checkResult("p.c", .passed, _) = $0 { true } else { nil } } == true)
        parent.say("go")
        parent.reap()
        #expect(bench.logged("followed") != nil)
        bench.clear()
        parent.finishReading()
        #expect(bench.result(of: "p.c") == .failed("nobody"))
        withExtendedLifetime(parent) {}
    }

    @Test("a process that runs another program is no longer the one that is meant")
    func executes() throws {
        let word = "io.example.Exec\(getpid())"
        try bench.run(
            """
            local watch = halua.process.watch{cmdline = '\(word)'}
            halua.check{name='c', interval=600, wake_on=watch, run=function()
              return #watch:pids() > 0, 'nobody'
            end}
            """)
        #expect(bench.results(of: "p.c", 1) == [.failed("nobody")])
        let process = TestProcess([word], script: "read line; exec sleep 60")
        #expect(bench.wait { if case .checkResult("p.c", .passed, _) = $0 { true } else { nil } } == true)
        bench.clear()
        process.finishReading()
        #expect(bench.result(of: "p.c") == .failed("nobody"))
        process.end()
    }

    @Test("a watch that is closed, or goes out of its block, follows nobody")
    func closed() throws {
        let word = "io.example.Closed\(getpid())"
        let process = TestProcess([word])
        let body = """
            local outer
            do
              local watch <close> = halua.process.watch{cmdline = '\(word)'}
              outer = watch
              assert(watch:pids()[1] == \(process.identifier))
            end
            assert(#outer:pids() == 0)
            local watch = halua.process.watch{cmdline = '\(word)'}
            assert(#watch:pids() == 1)
            watch:close()
            watch:close()
            return #watch:pids() == 0, 'it is still followed'
            """
        #expect(try bench.check(body) == .passed)
        process.end()
    }

    @Test("exactly one criterion is wanted")
    func criteria() throws {
        guard case .broken(let text) = try bench.check("halua.process.find{name='a', exe='b'}") else {
            Issue.record("not broken")
            return
        }
        #expect(text.contains("process.find: takes exactly one of name, cmdline, exe, pidfile"))
    }
}
