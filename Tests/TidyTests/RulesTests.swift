/// Shows each tidy rule a sinner and a saint, so that a rule that sees nothing is noticed.
import Testing

@Suite struct RulesTests {
    @Test("comments and literals are not code") func codeIsStripped() {
        let text = """
            let a = "try! // x" // b!
            /* c!
            d */ let e = #"\\("x")"# + "\\(f("y"))!"
            """
        let code = Code.lines(text)
        #expect(code.count == 3)
        #expect(!code.joined().contains("!"))
        #expect(code[0].hasPrefix("let a ="))
        #expect(code[2].contains("let e ="))
        #expect(code[2].contains("+"))
    }

    @Test(
        "forced words are found",
        arguments: ["try! f()", "x as! Int", "let a = b!", "f()!.g", "list[0]!", "public func f()", "var a: Int!"])
    func forbiddenWordsAreFound(_ line: String) {
        #expect(Rules.forbidden.contains { $0.isBroken(by: line) })
    }

    @Test(
        "harmless marks are not", arguments: ["a != b", "if !a", "#if !os(Linux)", "f(!x)", "republic()", "a && !b[1]"])
    func harmlessMarksPass(_ line: String) {
        #expect(!Rules.forbidden.contains { $0.isBroken(by: line) })
    }

    @Test("an unchecked promise without a comment above is found") func promisesAreFound() {
        let bare = ["", "extension A: @unchecked Sendable {}"]
        let proved = ["// Only one thread has it.", "extension A: @unchecked Sendable {}"]
        #expect(Rules.unprovedPromises(code: bare, lines: bare.map { $0[...] }) == [2])
        #expect(Rules.unprovedPromises(code: proved, lines: proved.map { $0[...] }) == [])
    }

    @Test("imports are found in every form") func importsAreFound() {
        let code = ["import Glibc", "@testable import Wire", "import struct Foundation.Data", "important()"]
        #expect(Rules.imports(in: code) == ["Glibc", "Wire", "Foundation"])
    }

    @Test("the layers are kept apart") func layersAreKeptApart() {
        #expect(!Rules.mayImport("Wire", "Glibc"))
        #expect(!Rules.mayImport("VRRPCore", "KeepalivedConf"))
        #expect(Rules.mayImport("VRRPCore", "Wire"))
        #expect(!Rules.mayImport("Daemon", "FoundationEssentials"))
        #expect(!Rules.mayImport("Daemon", "CLua"))
        #expect(!Rules.mayImport("LuaHost", "VRRPCore"))
        #expect(Rules.mayImport("Lab", "Foundation"))
    }

    @Test("the length of a function counts from its first word to its brace") func functionLength() {
        let code = [
            "struct A {", "    package mutating func f(", "        a: Int", "    ) {", "        if a { b() }", "    }",
            "    init() {}", "    var x: Int { 1 }", "}", "protocol B {", "    func g()", "}", "class C {", "}",
        ]
        #expect(Rules.functions(in: code) == [.init(line: 2, length: 5), .init(line: 7, length: 1)])
    }
}
