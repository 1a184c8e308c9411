/// The program itself: its command line and its end.
import Foundation
import Testing

private let program = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: ".build/debug/halua-exporter")

@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: program.path()), "needs .build/debug/halua-exporter"))
struct ProgramTests {
    /// Runs it until it ends, or until SIGTERM after its first line.
    private func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        var text = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        if text.contains("listening on") { process.terminate() }
        text += String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }

    @Test("SIGTERM ends it with status 0", .timeLimit(.minutes(1)))
    func ends() throws {
        let (status, output) = try run(["--listen", "127.0.0.1:0", "--control", "/nonexistent/halua.sock"])
        #expect(status == 0, "\(output)")
    }

    @Test("an address that is not this host's, and a wrong command line, are said", .timeLimit(.minutes(1)))
    func refused() throws {
        let (status, output) = try run(["--listen", "192.0.2.77:9650"])
        #expect(status == 1 && output.contains("192.0.2.77:9650"), "\(output)")
        let (usage, complaint) = try run(["--listen", "nowhere"])
        #expect(usage == 64 && complaint.contains("has no port"), "\(complaint)")
    }
}
