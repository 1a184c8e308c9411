/// What a program printed, line by line, with the moment each line arrived.
import Glibc
import LinuxIO

package final class OutputLog: Sendable {
    package struct Line: Hashable, Sendable {
        package var at: Moment
        package var text: String
    }

    /// A program that floods its log must not take the lab's memory with it; later lines are in the file only.
    private static let mostLinesKept = 100_000

    private let kept = Lock<[Line]>([])

    /// Reads `stream` on a thread of its own until its end; every line also goes to the file at `path`.
    init(reading stream: Descriptor, copyingTo path: String) throws(LabError) {
        let file = try Descriptor("open", detail: path) {
            open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        }
        let start = Moment.now
        let kept = kept
        try explained { () throws(IOFailure) in
            try Thread.start(name: "lab output") {
                var unfinished: [UInt8] = []
                while true {
                    let octets = stream.read()
                    if octets.isEmpty { return }
                    let at = Moment.now
                    unfinished += octets
                    while let end = unfinished.firstIndex(of: 0x0a) {
                        let line = Line(at: at, text: String(decoding: unfinished[..<end], as: UTF8.self))
                        unfinished.removeSubrange(...end)
                        let stamp = decimal((at - start).inSeconds, places: 3)
                        try? file.write(Array("\(stamp) \(line.text)\n".utf8))
                        kept.withLock { if $0.count < Self.mostLinesKept { $0.append(line) } }
                    }
                }
            }.detach()
        }
    }

    package var lines: [Line] { kept.withLock { $0 } }

    /// The first line since `moment` that contains `text`.
    package func first(containing text: String, since moment: Moment = .init(nanoseconds: 0)) -> Line? {
        lines.first { $0.at >= moment && $0.text.contains(text) }
    }
}
