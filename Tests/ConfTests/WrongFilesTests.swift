/// Files that are wrong: each is refused, and its golden text next to it says which line and what to do.
import KeepalivedConf
import Testing

@Suite struct WrongFilesTests {
    @Test("a wrong file is refused with the messages next to it", arguments: fileNames(in: "Wrong", ending: ".conf"))
    func wrongFile(name: String) {
        let result = loadConfiguration(
            main: name + ".conf", files: DiskFiles(root: testFolder + "/Wrong"), context: testHost())
        #expect(result.configuration == nil)
        #expect(!result.errors.isEmpty)
        for diagnostic in result.diagnostics {
            #expect(diagnostic.location.line >= 1)
            #expect(diagnostic.hint?.isEmpty == false, "\(diagnostic.headline) says no remedy")
        }
        expectGolden(rendered(result), "Wrong/\(name).txt")
    }

    @Test("there are at least 60 wrong files, and every golden text belongs to one")
    func corpus() {
        let files = fileNames(in: "Wrong", ending: ".conf")
        #expect(files.count >= 60)
        #expect(files == fileNames(in: "Wrong", ending: ".txt"))
    }
}
