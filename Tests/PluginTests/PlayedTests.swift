/// The tool for tests of plugins: what it plays is the real thing, and what fails says why.
import PluginTesting
import Testing

@Suite struct PlayedTests {
    @Test("the tests of the shipped plugins pass") func shippedPlugins() {
        final class Reporter: TestReporter {
            func begins(file: String, cases: Int) { #expect(cases > 0, "\(file) has no case") }
            func ended(_ result: CaseResult, of file: String) {
                if let failure = result.failure {
                    Issue.record(
                        "\(file): \(result.name): \(failure.message)\n\(failure.timeline.joined(separator: "\n"))")
                }
            }
            func refused(file: String, _ message: String) { Issue.record("\(file): \(message)") }
        }
        let folder = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined() + "/plugins/tests"
        let sum = TestRunner(TestPlan(paths: [folder], limit: .seconds(60)), reporter: Reporter()).run()
        #expect(sum.passed >= 13)
    }

    @Test("three refused connections cost the VIP, seven seconds take no time, and hooks run") func refused() {
        let play = Play.one(
            """
            local node = t.node { conf = conf, state = "MASTER" }
            node.net:refuse("127.0.0.1:80")
            t.advance("7s")
            t.equal(node:instance("VI_1").state, "FAULT")
            t.match(node:check("sample.port").reason, "connect to 127.0.0.1:80: connection refused")
            t.contains(node:log(), "sample says: MASTER to FAULT")
            """)
        #expect(play.failure() == nil)
        #expect(play.sum.passed == 1)
    }

    @Test("a failed expectation names its line, both values, and what led there") func expectation() {
        let play = Play.one(
            """
            local node = t.node { conf = conf, state = "MASTER" }
            node.net:refuse("127.0.0.1:80")
            t.advance("7s")
            t.equal(node:instance("VI_1").state, "MASTER")
            """)
        #expect(play.failure() == "sample_test.lua:22: expected \"MASTER\", seen \"FAULT\"")
        #expect(play.timeline().contains("VI_1: MASTER → FAULT: check sample.port is down"))
        #expect(play.timeline().contains("sample.port failed after 0 ms: connect to 127.0.0.1:80: connection refused"))
    }

    @Test("tables are compared by what they hold, and the difference is named") func tables() {
        let play = Play.one("t.equal({ a = 1, b = { 2, 3 } }, { a = 1, b = { 2, 4 }, c = 'x' })")
        #expect(
            play.failure()
                == "sample_test.lua:19: the tables differ:\n  it.b[2]: expected 4, seen 3\n  it.c: expected \"x\", seen nil"
        )
    }

    @Test("what the test has not described fails the case with a sentence that says what to write") func unknown() {
        let play = Play.one("t.node { conf = conf, state = 'MASTER' }\nt.advance(5)")
        #expect(
            play.failure()
                == "the test's world knows nothing of tcp 127.0.0.1:80: say node.net:refuse, :accept, :serve or :hang(\"127.0.0.1:80\")"
        )
    }

    @Test(
        "mistakes of a test are told at its line",
        arguments: [
            ("t.node { conf = 'vrrp_instance {' }", "sample_test.lua:19: the configuration is refused"),
            ("t.node { conf = 'nowhere.conf' }", "sample_test.lua:19: there is no configuration nowhere.conf"),
            ("t.node { config = conf }", "sample_test.lua:19: t.node has no field \"config\""),
            ("t.node { conf = conf, state = 'FAULT' }", "sample_test.lua:19: state must be \"MASTER\" or \"BACKUP\""),
            ("t.advance('soon')", "sample_test.lua:19: how long to advance must be a duration"),
            ("local n = t.node { conf = conf } n:instance('VI_2')", "sample_test.lua:19: node1 has no instance VI_2"),
            (
                "local n = t.node { conf = conf } n:check('sample.x')",
                "node1 tracks no check sample.x (there are: sample.port)"
            ),
            ("local x = nil + 1", "sample_test.lua:19: attempt to perform arithmetic on a nil value"),
            ("t.fail('no')", "sample_test.lua:19: no"),
            ("t.raises(function() end)", "sample_test.lua:19: expected an error, and there was none"),
        ])
    func mistakes(_ body: String, _ message: String) {
        let failure = Play.one(body).failure()
        #expect(failure?.contains(message) == true, "\(failure ?? "it passed")")
    }

    @Test("a plugin that does not load, and a file that does not compile, are told with their lines") func broken() {
        let play = Play.one("t.node { conf = conf }", plugin: "halua.chekc{}")
        #expect(play.failure()?.contains("sample.lua:1: ") == true)
        #expect(Play("local t = ").refusals == ["sample_test.lua:1: unexpected symbol near <eof>"])
    }

    @Test("a case that computes or waits for ever is given up") func endless() {
        let head = "local t = require 'halua.test'\n"
        let play = Play(head + "t.case('c', function() while true do t.advance('1h') end end)", limit: .seconds(1))
        #expect(play.failure()?.contains("the case takes longer than 1 s") == true)
        #expect(
            Play(head + "t.case('c', function() while true do halua.sleep(0) end end)").failure()?
                .contains("without time passing") == true)
        #expect(
            Play(head + "t.case('c', function() halua.spawn(function() end):join() halua.sleep(1) end)").failure()
                == nil)
    }

    @Test("a plugin that computes for ever is stopped as in the daemon, and the test sees it") func computing() {
        let play = Play.one(
            """
            local node = t.node { conf = conf }
            t.advance("1s")
            t.equal(node:check("sample.port").state, "down")
            t.match(node:check("sample.port").reason, "computed for more than 200 ms %(sample.lua:1%)")
            """,
            plugin: "halua.options{port=1} halua.check{name='port', run=function() while true do end end}")
        #expect(play.failure() == nil)
    }
}
