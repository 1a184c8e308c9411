/// Rules of the house that a reader would otherwise have to check by eye, tested on the repository's own files.
import Foundation
import Testing

@Suite struct TidyTests {
    @Test("the tests see the repository") func seesRepository() {
        #expect(Repository.paths.contains("Package.swift"))
        #expect(Repository.swiftFiles.count > 30)
    }

    @Test("no Swift file is longer than 450 lines") func filesAreShort() {
        for file in Repository.swiftFiles where file.lines.count > 451 {
            Issue.record("\(file.path) has \(file.lines.count - 1) lines: split it by concern")
        }
    }

    @Test("every Swift file says in its first line what it is for") func filesSayTheirPurpose() {
        for file in Repository.swiftFiles where !file.text.hasPrefix("/// ") {
            Issue.record("\(file.path) does not begin with a /// sentence")
        }
    }

    @Test("no Swift function is longer than 70 lines") func functionsAreShort() {
        for file in Repository.swiftFiles {
            for function in Rules.functions(in: file.code) where function.length > 70 {
                Issue.record("\(file.path):\(function.line): a function of \(function.length) lines")
            }
        }
    }

    @Test("no code says what this project has given up saying", arguments: Rules.forbidden)
    func forbiddenWords(_ rule: Rules.Forbidden) {
        for file in Repository.swiftFiles {
            for (index, line) in file.code.enumerated() where rule.isBroken(by: line) {
                Issue.record("\(file.path):\(index + 1): \(rule.why)")
            }
        }
    }

    @Test("an unchecked promise to the compiler is proved in the comment above it") func uncheckedIsProved() {
        for file in Repository.swiftFiles {
            for line in Rules.unprovedPromises(code: file.code, lines: file.lines) {
                Issue.record("\(file.path):\(line): say in a comment directly above why this is safe")
            }
        }
    }

    @Test("a module imports only what its layer may know") func importsFollowTheLayers() {
        for file in Repository.swiftFiles where file.path.hasPrefix("Sources/") {
            for imported in Rules.imports(in: file.code) where !Rules.mayImport(file.module, imported) {
                Issue.record("\(file.path): \(file.module) must not import \(imported)")
            }
        }
    }

    @Test("nothing is put off until later") func nothingIsPutOff() {
        let words = ["TO" + "DO", "FIX" + "ME", "X" + "XX"]
        for file in Repository.textFiles {
            for (index, line) in file.lines.enumerated() {
                for word in words where Rules.contains(word: word, line) {
                    Issue.record("\(file.path):\(index + 1): \(word) in a finished thing")
                }
            }
        }
    }

    @Test("tabs stand only where their format demands them") func noTabs() {
        for file in Repository.textFiles where !Rules.needsTabs(file.path) {
            for (index, line) in file.lines.enumerated() where line.contains("\t") {
                Issue.record("\(file.path):\(index + 1): a tab")
            }
        }
    }

    @Test("the top-level folders are the six that belong there") func topLevelFolders() {
        let folders = Set(Repository.paths.filter { $0.contains("/") }.compactMap { $0.split(separator: "/").first })
        let visible = folders.filter { !$0.hasPrefix(".") }.map(String.init).sorted()
        let allowed = ["Sources", "Tests", "conf.d", "packaging", "plugins"]
        #expect(visible.filter { !allowed.contains($0) } == [])
    }

    @Test("every shipped Lua file begins with a comment that explains it") func luaFilesAreExplained() {
        for file in Repository.textFiles where file.path.hasPrefix("plugins/") && file.path.hasSuffix(".lua") {
            let first = file.lines.first { !$0.hasPrefix("#!") } ?? ""
            if !first.hasPrefix("--") { Issue.record("\(file.path) does not begin with a comment") }
        }
    }

    @Test("no file names a path of the machine it was written on") func noMachinePaths() {
        let paths = ["/wo" + "rk/", "/ro" + "ot/", "/tmp/" + "wt", "/tmp/" + "hub"]
        for file in Repository.textFiles {
            for (index, line) in file.lines.enumerated() {
                for path in paths where line.contains(path) {
                    Issue.record("\(file.path):\(index + 1): \(path)")
                }
            }
        }
    }
}
