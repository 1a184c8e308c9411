/// halua.log: what a plugin says arrives with its level, its fields and the plugin's name.
import LuaHost
import Testing

@Suite struct LogTests {
    let bench = ScriptBench()

    @Test("each level is a function, and fields come with the message")
    func levels() throws {
        let body = """
            halua.log.debug('a detail', {step = 1})
            halua.log.info('a fact')
            halua.log.warn('a worry', {peer = 'n2'})
            halua.log.error('a fault')
            print('two', 'words')
            return true
            """
        #expect(try bench.check(body) == .passed)
        #expect(bench.lines(5) == ["a detail", "a fact", "a worry", "a fault", "two\twords"])
        let heard = bench.messages.compactMap { message in
            if case .log(let level, let plugin, _, let fields) = message {
                "\(level) \(plugin) \(fields.map { "\($0.key)=\($0.value)" }.joined(separator: " "))"
            } else {
                String?.none
            }
        }
        #expect(heard == ["debug p step=1", "info p ", "warning p peer=n2", "error p ", "info p "])
    }
}
