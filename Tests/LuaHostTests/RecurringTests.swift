/// Tasks that live as long as a state, and tasks that come back again and again.
import LuaHost
import Testing

@Suite struct DuringTests {
    let bench = ScriptBench()

    @Test("a task of a state starts on entry with the instance, and is cancelled at leaving")
    func life() throws {
        try bench.run(
            """
            halua.during.master{instance = 'VI_1', run = function(vi)
              local guard <close> = setmetatable({}, {__close = function() print('left') end})
              print('entered', vi.name, vi.state)
              while true do halua.sleep(60) end
            end}
            """, instances: [snapshot("VI_1"), snapshot("VI_2")])
        bench.engine.send(transition("VI_2", 1))
        bench.engine.send(transition("VI_1", 1))
        #expect(bench.logged("entered") == "entered\tVI_1\tMASTER")
        bench.engine.send(transition("VI_1", 2, from: "MASTER", to: "BACKUP"))
        #expect(bench.logged("left") != nil)
        bench.clear()
        bench.engine.send(transition("VI_1", 3))
        #expect(bench.logged("entered") != nil)
        #expect(bench.log == ["entered\tVI_1\tMASTER"])
    }

    @Test("never are there two at once, whatever the transitions, and one that returned is done")
    func single() throws {
        try bench.run(
            """
            local running = 0
            halua.during.master(function(vi)
              assert(running == 0, 'two at once')
              running = running + 1
              local guard <close> = setmetatable({}, {__close = function() running = running - 1 end})
              halua.sleep('1ms')
            end)
            halua.during.backup(function(vi) print('backup') end)
            """, instances: [snapshot("VI_1")])
        #expect(bench.logged("backup") != nil)
        bench.clear()
        for sequence in UInt64(1)...40 {
            let isMaster = sequence % 2 == 1
            bench.engine.send(
                transition(
                    "VI_1", sequence, from: isMaster ? "BACKUP" : "MASTER", to: isMaster ? "MASTER" : "BACKUP"))
        }
        bench.engine.send(.snapshot(snapshot("VI_1")))
        // A state that is left before the task had its first turn leaves no trace.
        #expect(Set(bench.lines(1)) == ["backup"])
        bench.engine.send(transition("VI_1", 41))
        bench.engine.send(transition("VI_1", 42, from: "MASTER", to: "BACKUP"))
        #expect(Set(bench.lines(2)) == ["backup"])
    }

    @Test("a task that fails is started again after a pause, and says so once")
    func failing() throws {
        try bench.run(
            """
            local runs = 0
            halua.during.master(function(vi)
              runs = runs + 1
              print('run', runs)
              if runs < 3 then assert(halua.file.read('/nowhere')) end
              halua.sleep(60)
            end)
            """, instances: [snapshot("VI_1", state: "MASTER")])
        #expect(bench.logged("run\t3") != nil)
        let said = bench.log.filter { $0.contains("nowhere") }
        #expect(
            said == ["file.read /nowhere: No such file or directory (p.lua:5); started again after 1 s"])
    }

    @Test("a reload starts the task of the present state anew")
    func reload() throws {
        let text = """
            halua.during.master(function(vi)
              local guard <close> = setmetatable({}, {__close = function() print('left') end})
              print('entered', vi.state)
              halua.sleep(60)
            end)
            """
        try bench.run(text, instances: [snapshot("VI_1", state: "MASTER")])
        #expect(bench.logged("entered") != nil)
        try bench.run(text, instances: [snapshot("VI_1", state: "MASTER")])
        #expect(bench.lines(3) == ["entered\tMASTER", "left", "entered\tMASTER"])
    }
}

@Suite struct EveryTests {
    let bench = ScriptBench()

    @Test("a recurring task runs again and again and never overlaps itself")
    func overlap() throws {
        try bench.run(
            """
            local running, runs = 0, 0
            halua.every('10ms', function()
              running = running + 1
              assert(running == 1)
              halua.sleep('25ms')
              running, runs = running - 1, runs + 1
              print('run', runs)
            end)
            """)
        #expect(bench.logged("run\t3") != nil)
        #expect(bench.log.prefix(3) == ["run\t1", "run\t2", "run\t3"])
    }

    @Test("it survives its errors, says each once, and counts them")
    func errors() throws {
        try bench.run(
            """
            local runs = 0
            halua.every('10ms', function()
              runs = runs + 1
              if runs <= 5 then assert(halua.file.read('/nowhere')) end
              if runs == 7 then error('odd') end
              if runs == 8 then print('eight') end
            end)
            """)
        #expect(bench.logged("eight") != nil)
        let said = bench.log.map { $0.split(separator: "\n")[0] }
        #expect(
            said == [
                "file.read /nowhere: No such file or directory (p.lua:4); it goes on at its interval",
                "works again after 5 failures", "p.lua:5: odd", "eight",
            ])
    }

    @Test("its handle ends it, from within as from outside")
    func cancel() throws {
        try bench.run(
            """
            local first, second, runs = nil, nil, 0
            first = halua.every('10ms', function() runs = runs + 1 first:cancel() print('ran', runs) end)
            second = halua.every('10ms', function() print('never') end)
            second:cancel()
            halua.every('60ms', function() print('later', runs) end)
            """)
        #expect(bench.logged("later") == "later\t1")
        #expect(bench.log.filter { $0.hasPrefix("ran") } == ["ran\t1"])
        #expect(!bench.log.contains("never"))
    }

    @Test("a reload ends it in the middle and the new generation begins its own")
    func reload() throws {
        try bench.run(
            """
            halua.every('10ms', function()
              local guard <close> = setmetatable({}, {__close = function() print('closed') end})
              print('old') halua.sleep(60)
            end)
            """)
        #expect(bench.logged("old") != nil)
        try bench.run("halua.every('10ms', function() print('new') end)")
        #expect(bench.logged("new") != nil)
        #expect(bench.log.prefix(2) == ["old", "closed"])
    }
}
