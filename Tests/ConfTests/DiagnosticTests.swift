/// How findings are printed.
import KeepalivedConf
import Testing

@Suite struct DiagnosticTests {
    @Test("a finding shows its line, carets under the word, and the remedy")
    func form() throws {
        let result = load("vrrp_instance VI_1 {\n    prioriy 200\n}\n")
        let text = try #require(result.diagnostics.first { $0.message.contains("prioriy") }).rendered
        #expect(
            text == """
                halua.conf:2:5: error: unknown keyword "prioriy"
                  2 |     prioriy 200
                    |     ^^^^^^^ did you mean "priority"?
                """)
    }

    @Test("tabs stay tabs and Chinese characters count two columns, so that carets stand below the word")
    func alignment() {
        let location = SourceLocation(file: "x", line: 7, column: 7)
        let finding = Diagnostic(.warning, at: location, "m", hint: "h", sourceLine: "\t中文 a b", width: 1)
        #expect(finding.rendered == "x:7:7: warning: m\n  7 | \t中文 a b\n    | \t       ^ h")
    }

    @Test("a line of 10,000 characters is cut around the column")
    func longLine() {
        let line = String(repeating: "x", count: 5000) + "HERE" + String(repeating: "y", count: 5000)
        let location = SourceLocation(file: "x", line: 1, column: 5001)
        let finding = Diagnostic(.error, at: location, "m", hint: "h", sourceLine: line, width: 4)
        #expect(finding.rendered.count < 600)
        #expect(finding.rendered.contains("HERE"))
    }

    @Test("control characters of a file don't reach the terminal")
    func controlCharacters() {
        let location = SourceLocation(file: "x", line: 1, column: 1)
        let finding = Diagnostic(.error, at: location, "m", sourceLine: "a\u{1B}[2Jb\u{7}")
        #expect(!finding.rendered.contains("\u{1B}"))
        #expect(!finding.rendered.contains("\u{7}"))
    }

    @Test("passwords are starred out in what is printed")
    func passwords() {
        let result = load(instance("authentication {\n auth_type PASS\n auth_pass verysecretword\n}"))
        #expect(result.warnings.count == 1)
        #expect(!rendered(result).contains("verysecret"))
        #expect(rendered(result).contains("auth_pass **************"))
        let quoted = load(instance("authentication {\n auth_type PASS\n auth_pass \"very secret word\"\n}"))
        #expect(!rendered(quoted).contains("secret"))
    }

    @Test("findings come in the order of the text, all of them at once")
    func order() {
        let result = load("bogus1\n" + instance("priority 0\nvirtual_router_id 999\nbogus2") + "bogus3\n")
        let lines = result.diagnostics.map(\.location.line)
        #expect(lines == lines.sorted())
        #expect(result.errors.count == 5)
    }

    @Test("a file that repeats one mistake for ever fills no log")
    func flood() {
        let text = (1...5000).map { "bogus\($0)\n" }.joined()
        let result = load(text)
        #expect(result.diagnostics.count < 300)
        #expect(result.diagnostics.last?.message.contains("more findings") == true)
    }

    @Test("a file that isn't there is one error that says so")
    func missingFile() {
        let result = loadConfiguration(main: "/etc/x.conf", files: MemoryFiles(contents: [:]), context: testHost())
        #expect(result.errors == ["/etc/x.conf:1:1: error: the file can't be read"])
    }
}
