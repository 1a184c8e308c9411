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
        let kept = kept
        try explained { () throws(IOFailure) in
            try Thread.start(name: "lab output") { Self.collect(stream, file, kept) }
        }.detach()
    }

    private static func collect(_ stream: Descriptor, _ file: Descriptor, _ kept: Lock<[Line]>) {
        let start = Moment.now
        var unfinished: [UInt8] = []
        while true {
            let octets = stream.read()
            if octets.isEmpty { return }
            let at = Moment.now
            let stamp = Array((decimal((at - start).inSeconds, places: 3) + " ").utf8)
            unfinished += octets
            let pieces = unfinished.split(separator: 0x0a, omittingEmptySubsequences: false)
            // Slow readers slow the daemon down: one write for all lines that came together.
            var copy: [UInt8] = []
            for piece in pieces.dropLast() {
                copy += stamp
                copy += piece
                copy.append(0x0a)
            }
            try? file.write(copy)
            let lines = pieces.dropLast().map { Line(at: at, text: String(decoding: $0, as: UTF8.self)) }
            unfinished = Array(pieces.last ?? [])
            kept.withLock { $0 += lines.prefix(max(mostLinesKept - $0.count, 0)) }
        }
    }

    package var lines: [Line] { kept.withLock { $0 } }

    /// The first line since `moment` that contains `text`.
    package func first(containing text: String, since moment: Moment = .init(nanoseconds: 0)) -> Line? {
        lines.first { $0.at >= moment && $0.text.contains(text) }
    }
}
