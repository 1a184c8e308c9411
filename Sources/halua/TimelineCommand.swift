/// `halua timeline`: the journals of all nodes side by side, as text or as one HTML page.
import ArgumentParser
import Daemon
import Glibc
import Journal
import LinuxIO

struct TimelineCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "timeline",
        abstract: "Merge the event journals of all nodes: who held the addresses when, and what happened beside it.",
        discussion: """
            Prints text, or writes one HTML page that needs no network. Copy the other nodes' journals to one place first:

              scp mycat02:/var/lib/halua/events.jsonl mycat02.jsonl
              sudo halua timeline /var/lib/halua/events.jsonl mycat02.jsonl --since 12h --html night.html

            Moments are those of each node's own clock: let the nodes' clocks be synchronised.

            Exit status: 0, 1 when an address had two holders, 2 when a journal cannot be read or is empty.
            """)

    @OptionGroup var journals: JournalOptions

    @Option(help: "Write the page to this file.")
    var html: String?

    func run() throws {
        let timeline: Timeline?
        do {
            timeline = Timeline(try journals.read(), since: journals.since?.microseconds)
        } catch let error as ToolError {
            printError("halua: \(error)")
            throw ExitCode(2)
        }
        guard let timeline else {
            printError("halua: there is no event in \(journals.paths.joined(separator: ", "))")
            throw ExitCode(2)
        }
        if let html {
            try write(timeline.page, to: html)
            print("written: \(html)")
        } else {
            print(timeline.text())
        }
        if timeline.routers.contains(where: { !$0.overlaps.isEmpty }) { throw ExitCode(1) }
    }

    private func write(_ text: String, to path: String) throws {
        guard let file = fopen(path, "w") else {
            printError("halua: \(path) cannot be written: \(String(cString: strerror(errno)))")
            throw ExitCode(2)
        }
        let isWritten = fputs(text, file) >= 0
        guard fclose(file) == 0, isWritten else {
            printError("halua: \(path) cannot be written: \(String(cString: strerror(errno)))")
            throw ExitCode(2)
        }
    }
}
