/// keepalived's language before any keyword is known: comments, quotes, definitions, sequences, conditions, includes.
import KeepalivedConf
import Testing

@Suite struct LanguageTests {
    @Test("the tree of a file is its golden text", arguments: fileNames(in: "Trees", ending: ".conf"))
    func tree(name: String) throws {
        let files = DiskFiles(root: testFolder + "/Trees")
        let bytes = try #require(files.read(name + ".conf"))
        let (nodes, diagnostics) = configurationTree(
            SourceText(name: name + ".conf", bytes: bytes), files: files, context: testHost())
        let text = nodes.map { $0.outline() }.joined() + diagnostics.map { $0.rendered + "\n" }.joined()
        expectGolden(text, "Trees/\(name).txt")
    }

    /// The words of one statement `probe …` after everything that comes before keywords.
    private func words(_ text: String, host: String = "mycat01", with files: [String: String] = [:]) -> [[String]] {
        let (nodes, _) = configurationTree(
            SourceText(name: "halua.conf", bytes: Array(text.utf8)), files: MemoryFiles(contents: files),
            context: testHost(host))
        return nodes.map { $0.words.map(\.text) }
    }

    @Test("a comment begins at # or ! anywhere but in quotes and behind a backslash")
    func comments() {
        #expect(words("a b # c") == [["a", "b"]])
        #expect(words("a b! c") == [["a", "b"]])
        #expect(words("a \"b # ! c\" # d") == [["a", "b # ! c"]])
        #expect(words("a b\\#c\\!d") == [["a", "b#c!d"]])
        #expect(words("a ${_HASH}b ${_BANG}") == [["a", "#b", "!"]])
    }

    @Test("a name without braces is replaced only in front of white space")
    func bareNames() {
        #expect(words("$X=1\na $X b") == [["a", "1", "b"]])
        #expect(words("$X=1\na $X/24") == [["a", "$X/24"]])
        #expect(words("$X=1\na ${X}/24") == [["a", "1/24"]])
        #expect(words("$X=\na ${X}b $X") == [["a", "b"]])
    }

    @Test("names are replaced when they are used, not when they are defined")
    func lateBinding() {
        #expect(words("$B=10.${S}\n$S=0\na ${B}.1\n$S=7\na ${B}.1") == [["a", "10.0.1"], ["a", "10.7.1"]])
    }

    @Test("an undefined name stays as text") func undefined() {
        #expect(words("a $NOPE ${NOPE}x") == [["a", "$NOPE", "${NOPE}x"]])
    }

    @Test("@ID holds for the host's short name, @^ID for every other")
    func conditions() {
        #expect(words("@node1 a\n@^node1 b", host: "node1.example.com") == [["a"]])
        #expect(words("@node1 a\n@^node1 b", host: "node2") == [["b"]])
        #expect(words("$IF=@node1\n$IF a", host: "node1") == [["a"]])
        #expect(words("$IF=@node1\n$IF a", host: "node2") == [])
    }

    @Test("_PWD is the directory of the file, _INSTANCE the configuration id, _ENV the environment")
    func predefined() {
        #expect(words("a ${_INSTANCE} ${_ENV VIP}") == [["a", "mycat01", "192.168.4.200"]])
        #expect(words("include /etc/x/y.conf", with: ["/etc/x/y.conf": "a ${_PWD}/z"]) == [["a", "/etc/x/z"]])
    }

    @Test("_RANDOM keeps to its limits")
    func random() {
        for word in words(String(repeating: "a ${_RANDOM 3 5}\n", count: 50)) {
            #expect(["3", "4", "5"].contains(word[1]))
        }
        #expect(Set(words(String(repeating: "a ${_RANDOM}\n", count: 50)).map { $0[1] }).count > 10)
    }

    @Test("sequences count up, down, in steps and in hexadecimal; lists set several names at once")
    func sequences() {
        #expect(words("~SEQ(N, 3) a $N").map { $0[1] } == ["1", "2", "3"])
        #expect(words("~SEQ(N, -2) a $N").map { $0[1] } == ["-1", "-2"])
        #expect(words("~SEQ(N, 5, 3) a $N").map { $0[1] } == ["5", "4", "3"])
        #expect(words("~SEQ(N, 1, 2, 6) a ${N}x").map { $0[1] } == ["1x", "3x", "5x"])
        #expect(words("~SEQx(N, 0x9, 11) a $N").map { $0[1] } == ["9", "a", "b"])
        #expect(words("~LST({A,B}, {1,2}, {3,4}) a ${A}.${B}").map { $0[1] } == ["1.2", "3.4"])
        #expect(words("~SEQ(A, 2) ~LST(B, x, y) a ${A}${B}").map { $0[1] } == ["1x", "1y", "2x", "2y"])
        #expect(words("$LAST=2\n~SEQ(N, $LAST ) a $N").map { $0[1] } == ["1", "2"])
    }

    @Test("escapes mean something in plugin options and tracked processes, and nothing in other quotes")
    func escapes() {
        #expect(words(#"process "a\tb\x41\101\"c""#) == [["process", "a\tbAA\"c"]])
        #expect(words(#"script "a\tb\"c" 'd "e'"#) == [["script", #"a\tb\"c"#, #"d "e"#]], "for CommandWords")
        #expect(words(#"lua_plugin x { password "a\"b" }"#).count == 1)
        #expect(words(#"auth_pass "a\tb""#) == [["auth_pass", #"a\tb"#]])
    }

    @Test("includes are relative to the including file, sorted, and may stand in each other")
    func includes() {
        let files = ["sub/a.conf": "include b/*.inc", "sub/b/2.inc": "second", "sub/b/1.inc": "first"]
        #expect(words("include sub/a.conf\nlast", with: files) == [["first"], ["second"], ["last"]])
    }

    @Test("an executable file is skipped with a warning, a loop is an error, a missing file a warning")
    func strangeIncludes() {
        var files = MemoryFiles(contents: [
            "halua.conf": "include x.conf\ninclude gone.conf\n" + instance(), "x.conf": "bogus",
        ])
        files.executable = ["x.conf"]
        let result = loadConfiguration(main: "halua.conf", files: files, context: testHost())
        #expect(result.configuration != nil)
        #expect(result.warnings.count == 2)
        #expect(result.warnings.first?.contains("executable") == true)

        let loop = load("include a.conf", with: ["a.conf": "include b.conf", "b.conf": "include a.conf"])
        #expect(loop.errors == ["b.conf:1:9: error: a.conf includes itself"])
    }

    @Test("includes that never end by name end by depth")
    func deepIncludes() {
        struct Endless: ConfigurationFiles {
            func read(_ path: String) -> [UInt8]? { Array("include x\(path)".utf8) }
            func glob(_ pattern: String, relativeTo directory: String) -> [String] { [pattern] }
            func isExecutable(_ path: String) -> Bool { false }
        }
        let result = loadConfiguration(main: "halua.conf", files: Endless(), context: testHost())
        #expect(result.errors.count == 1)
    }

    @Test("what a definition expands to is underlined where it is used")
    func expandedLocation() throws {
        let result = load("$PRIORITY=high\n" + instance("priority ${PRIORITY}"))
        let finding = try #require(result.diagnostics.first { $0.severity == .error })
        #expect(finding.width == "${PRIORITY}".count)
        #expect(finding.sourceLine.hasSuffix("priority ${PRIORITY}"))
    }

    @Test("sequences that multiply to millions of lines are refused")
    func explosion() {
        let result = load("~SEQ(A, 1000) ~SEQ(B, 1000) ~SEQ(C, 1000) lua_plugin p$A\n" + instance())
        #expect(result.configuration == nil)
        #expect(result.errors.contains { $0.contains("expands to more than") })
    }

    @Test("sequences that come to nothing end too")
    func hollowExplosion() {
        let result = load("~SEQ(A, 100000) ~SEQ(B, 100000) $X=1\n" + instance())
        #expect(result.errors.contains { $0.contains("expands to more than") })
        let macros = (1...30).map { "$M\($0)= \\\n$M\($0 + 1) \\\n$M\($0 + 1)\n" }.joined()
        #expect(load(macros + "$M1\n" + instance()).configuration == nil)
    }
}
