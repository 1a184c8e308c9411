/// Whatever the bytes are, reading them ends with an answer and never with a trap.
import KeepalivedConf
import Testing

@Suite struct RobustnessTests {
    private func survives(_ bytes: [UInt8]) {
        struct OneFile: ConfigurationFiles {
            var bytes: [UInt8]
            func read(_ path: String) -> [UInt8]? { path == "halua.conf" ? bytes : nil }
            func glob(_ pattern: String, relativeTo directory: String) -> [String] { [] }
            func isExecutable(_ path: String) -> Bool { false }
        }
        let result = loadConfiguration(main: "halua.conf", files: OneFile(bytes: bytes), context: testHost())
        let hasErrors = result.diagnostics.contains { $0.severity == .error }
        #expect((result.configuration == nil) == hasErrors)
        for finding in result.diagnostics { _ = finding.rendered }
    }

    private func bytes(_ name: String) throws -> [UInt8] {
        try #require(DiskFiles(root: testFolder + "/Good").read(name + ".conf"))
    }

    @Test("every truncation of the article's file is answered")
    func truncations() throws {
        let whole = try bytes("article-mycat01")
        for length in 0...whole.count { survives(Array(whole[..<length])) }
    }

    @Test(
        "random deletions, insertions and swaps of words are answered",
        arguments: [
            "article-mycat01", "lua", "macros", "sequences", "surprises", "every-announcement", "one-line-blocks",
        ])
    func mutations(name: String) throws {
        var random = Generator(state: 20_260_822)
        let words = String(decoding: try bytes(name), as: UTF8.self).split(
            separator: " ", omittingEmptySubsequences: false
        ).map(String.init)
        let strange = [
            "{", "}", "{\n", "}\n", "\"", "$X", "${", "$X=1\n", "@", "@^x", "~SEQ(", "~SEQ(N,3)", "~LST(", "\\\n", "\n",
            "#",
            "99999999999999999999", "-1", "0", "\u{0}", "\u{FEFF}", "中", "e\u{301}", "include", "lua_plugin", "::1/64",
            "/", ".",
            "weight", "vrrp_instance", "virtual_ipaddress", "1.2.3.4/", "0x", "~SEQx(N,0x1,0xffffffffffff)",
        ]
        for _ in 0..<100 {
            var mutant = words
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<mutant.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: mutant[index] = ""
                case 1: mutant.insert(strange[Int.random(in: 0..<strange.count, using: &random)], at: index)
                default: mutant.swapAt(index, Int.random(in: 0..<mutant.count, using: &random))
                }
            }
            survives(Array(mutant.joined(separator: " ").utf8))
        }
    }

    @Test("random bytes are answered")
    func noise() {
        var random = Generator(state: 7)
        for _ in 0..<300 {
            let length = Int.random(in: 0..<400, using: &random)
            survives((0..<length).map { _ in UInt8.random(in: 0...255, using: &random) })
        }
    }

    @Test(
        "thousands of braces and quotes are answered", arguments: ["{", "}", "a {\n", "\"", "a \"b\n", "$A=$A\n", "${"])
    func repetition(part: String) {
        survives(Array(String(repeating: part, count: 3000).utf8))
    }
}

/// Steele, Lea and Flood's generator, so that a failure can be repeated.
private struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
