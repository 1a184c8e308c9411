/// halua.metrics: what arrives at the main thread, how often, and within which bounds.
import LinuxIO
import LuaHost
import Testing

@Suite struct MetricsTests {
    let bench = ScriptBench()

    /// Waits until a metric has been told that fits.
    private func told(_ name: String, _ fits: @escaping (MetricFamily) -> Bool = { !$0.samples.isEmpty })
        -> MetricFamily?
    {
        bench.wait { message in
            guard case .metrics(let families, _) = message else { return nil }
            return families.first { $0.name == name && fits($0) }
        }
    }

    private func broken(_ body: String) throws -> String {
        guard case .broken(let text) = try bench.check(body) else { return "not broken" }
        return text
    }

    @Test("counters, gauges and histograms keep what they are told")
    func kinds() throws {
        try bench.run(
            """
            local requests = halua.metrics.counter('requests', 'Requests.')
            local backends = halua.metrics.gauge('backends', 'Backends.', {labels = {'state', 'zone'}})
            local waits = halua.metrics.histogram('waits', nil, {buckets = {0.1, 1}})
            halua.spawn(function()
              requests:inc() requests:add(2) halua.metrics.counter('requests'):inc()
              backends:set(3, {state = 'up', zone = 1}) backends:add(-1, {zone = 1, state = 'up'})
              backends:set(9, {state = 'down', zone = 1})
              for _, wait in ipairs{0.05, 0.1, 0.5, 7} do waits:observe(wait) end
            end)
            """)
        let requests = told("requests") { $0.samples.first?.value == 4 }
        #expect(requests?.kind == .counter)
        #expect(requests?.help == "Requests.")
        #expect(requests?.plugin == "p")
        let backends = told("backends") { $0.samples.count == 2 }
        let up = [LogField(key: "state", value: "up"), LogField(key: "zone", value: "1")]
        #expect(backends?.samples.first == MetricSample(labels: up, value: 2))
        let waits = told("waits") { $0.samples.first?.counts == [2, 1, 1] }
        #expect(waits?.bounds == [0.1, 1])
        #expect((waits?.samples.first?.value ?? 0) > 7.6)
    }

    @Test("a metric that is never changed is there, a counter with zero")
    func untouched() throws {
        try bench.run("halua.metrics.counter('never') halua.metrics.gauge('unset')")
        #expect(told("never")?.samples == [MetricSample(labels: [], value: 0)])
        #expect(told("unset", { _ in true })?.samples == [])
    }

    @Test("however often a value changes, it is told once a second")
    func coalesced() throws {
        try bench.run(
            """
            local gauge = halua.metrics.gauge('busy')
            halua.spawn(function()
              for i = 1, 20 do for j = 1, 1000 do gauge:set(i * 1000 + j) end halua.sleep('10ms') end
              gauge:set(-1)
            end)
            """)
        #expect(told("busy") { $0.samples.first?.value == -1 } != nil)
        let count = bench.messages.filter { message in
            guard case .metrics(let families, _) = message else { return false }
            return families.contains { $0.name == "busy" }
        }.count
        // One when the plugin began, and one for each second.
        #expect(count <= 5)
    }

    @Test("after a reload counters go on, and what is gone is gone")
    func reload() throws {
        try bench.run(
            "local c = halua.metrics.counter('kept') halua.metrics.gauge('old') halua.spawn(function() c:add(5) end)")
        #expect(told("kept") { $0.samples.first?.value == 5 } != nil)
        bench.clear()
        try bench.run("local c = halua.metrics.counter('kept') halua.spawn(function() c:inc() end)")
        let all = bench.wait { message -> [MetricFamily]? in
            if case .metrics(let families, true) = message { families } else { nil }
        }
        #expect(all?.map(\.name).contains("old") == false)
        #expect(told("kept") { $0.samples.first?.value == 6 } != nil)
    }

    @Test(
        "wrong use is the script's bug",
        arguments: [
            ("halua.metrics.counter('A')", "\"A\" is no name of a metric"),
            ("halua.metrics.gauge('a', 'h', {label = 'x'})", "there is no field \"label\" (did you mean \"labels\"?)"),
            ("halua.metrics.gauge('a', 'h', {labels = {'le'}})", "the labels \"plugin\" and \"le\" are halua's own"),
            ("halua.metrics.histogram('a', 'h', {buckets = {2, 1}})", "buckets must be at most 32 growing numbers"),
            ("halua.metrics.counter('a') halua.metrics.gauge('a')", "\"a\" is a counter already"),
            ("halua.metrics.counter('a'):set(1)", "\"a\" is a counter, which cannot do that"),
            ("halua.metrics.counter('a'):add(-1)", "a counter only grows"),
            ("halua.metrics.gauge('a'):set('x')", "argument 1 must be a number, not string"),
            ("halua.metrics.gauge('a'):set(0/0)", "argument 1 must be a number"),
            ("halua.metrics.gauge('a', '', {labels = 'x'}):set(1)", "needs a table of its labels (x)"),
            ("halua.metrics.gauge('a', '', {labels = 'state'}):set(1, {stat = 1})", "did you mean \"state\"?"),
            ("halua.metrics.gauge('a', '', {labels = {'x', 'y'}}):set(1, {x = 1})", "needs all of its labels: x, y"),
            ("for i = 1, 101 do halua.metrics.gauge('m' .. i) end", "a plugin may have at most 100 metrics"),
        ])
    func wrongUse(_ body: String, _ message: String) throws {
        #expect(try broken(body).contains(message))
    }

    @Test("labels without end are left out and said once")
    func tooManyLabels() throws {
        try bench.run(
            """
            local gauge = halua.metrics.gauge('wide', '', {labels = 'id'})
            halua.spawn(function()
              for i = 1, 10000 do
                gauge:set(i, {id = i})
                if i % 500 == 0 then halua.sleep('1ms') end
              end
              print('done')
            end)
            """)
        #expect(bench.logged("100 combinations of labels") != nil)
        _ = bench.logged("done")
        #expect(bench.log.filter { $0.contains("combinations") }.count == 1)
        #expect(told("wide")?.samples.count == 100)
    }

    @Test("missed ticks of a check and the runs of hooks are counted")
    func ownMetrics() throws {
        try bench.run(
            """
            halua.check{name='slow', interval='10ms', timeout=5, run=function() halua.sleep('100ms') return true end}
            halua.on.change{run=function(ev) if ev.to == 'FAULT' then error('bug') end end}
            """, instances: [snapshot("VI_1")])
        bench.engine.send(transition("VI_1", 1))
        bench.engine.send(transition("VI_1", 2, to: "FAULT"))
        let overruns = told("check_overruns_total")
        #expect(overruns?.plugin == "")
        #expect(overruns?.samples.first?.labels == [LogField(key: "check", value: "p.slow")])
        let hook = [LogField(key: "hook", value: "on.change"), LogField(key: "plugin", value: "p")]
        #expect(told("hook_runs_total") { $0.samples.first == MetricSample(labels: hook, value: 2) } != nil)
        #expect(told("hook_errors_total") { $0.samples.first == MetricSample(labels: hook, value: 1) } != nil)
    }

    @Test("a flood of log lines is cut, counted, and leaves room for other plugins")
    func logFlood() throws {
        try bench.run(
            """
            halua.spawn(function()
              for i = 1, 100000 do
                halua.log.info('flood', {n = i})
                if i % 1000 == 0 then halua.sleep('1ms') end
              end
              print('never seen')
            end)
            """)
        #expect(
            bench.logged("log lines of this plugin were left out: it may write 20 a second, and 200 at once") != nil)
        let lines = bench.log.filter { $0 == "flood" }.count
        #expect(lines >= 200 && lines < 2_000)
    }

    @Test("what is too long for the log is cut, and what is too much is counted")
    func longLines() throws {
        try bench.run(
            """
            halua.spawn(function()
              local fields = {long = ('y'):rep(5000)}
              for i = 1, 40 do fields['k' .. i] = i end
              halua.log.warn(('x'):rep(10000), fields)
            end)
            """)
        let line = bench.wait { message -> (String, [LogField])? in
            if case .log(.warning, _, let text, let fields) = message { (text, fields) } else { nil }
        }
        #expect(line?.0.utf8.count == 4_096 + " …".utf8.count)
        #expect(line?.1.count == 33)
        #expect(line?.1.contains(LogField(key: "left_out", value: "9 fields")) == true)
        #expect(line?.1.allSatisfy { $0.value.utf8.count <= 1_024 + " …".utf8.count } == true)
    }

    @Test("ten thousand changes leave no memory behind")
    func rounds() throws {
        try bench.run(
            """
            halua.spawn(function()
              local function rounds(count)
                for i = 1, count do
                  halua.metrics.gauge('g', 'help', {labels = {'a'}}):set(i, {a = i % 5})
                  halua.metrics.counter('c'):inc()
                  halua.metrics.histogram('h'):observe(i)
                  if i % 500 == 0 then halua.sleep('1ms') end
                end
                collectgarbage() collectgarbage()
                return collectgarbage('count')
              end
              local before = rounds(100)
              print('grown', rounds(10000) - before < 20)
            end)
            """)
        #expect(bench.wait(seconds: 60) { if case .log(_, _, "grown\ttrue", _) = $0 { true } else { nil } } == true)
    }
}
