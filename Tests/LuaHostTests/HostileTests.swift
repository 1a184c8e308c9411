/// The hostile-plugin suite: whatever a plugin does, the engine lives, its neighbours run, and the culprit is named.
import Lab
import LuaHost
import Testing

@Suite(.serialized) struct HostileTests {
    @Test("there are at least forty hostile plugins, each with a name of its own")
    func enough() {
        #expect(HostileCase.all.count >= 40)
        #expect(Set(HostileCase.all.map(\.name)).count == HostileCase.all.count)
    }

    @Test("each hostile plugin is reported by its line, and its neighbour runs on", arguments: HostileCase.all)
    func reported(_ plugin: HostileCase) {
        let bench = HostileBench()
        let outcome = bench.run(plugin)
        let said = outcome.said.map { String($0.prefix(300)) }
        #expect(outcome.report != nil, "\(plugin.name) is not reported: \(Array(Set(said)).prefix(5))")
        #expect(outcome.passes >= 3, "\(plugin.name) stops its neighbour")
        #expect(outcome.mostInARow <= 8, "\(plugin.name) starves its neighbour")
    }
}
