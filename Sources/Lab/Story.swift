/// Tells what happens in a demo, a line for each event, with the time since the beginning.
import Glibc

final class Story {
    private let begin = Moment.now
    private let colour: Bool
    /// How many of the lines said so far were checked.
    private(set) var checked = 0

    init(colour: Bool?) { self.colour = colour ?? (isatty(1) == 1 && getenv("NO_COLOR") == nil) }

    func title(_ text: String) { put(paint("1", text)) }
    func note(_ text: String) { put(paint("2", text)) }

    /// Something the demo does to the nodes.
    func action(_ text: String) { line(.now, paint("33", "do  "), text) }

    /// Something that was seen to happen, at the moment it happened.
    func seen(_ text: String, at moment: Moment = .now) {
        checked += 1
        line(moment, paint("32", "seen"), text)
    }

    func failed(_ text: String) { line(.now, paint("31", "FAIL"), text) }

    private func line(_ moment: Moment, _ mark: String, _ text: String) {
        let stamp = decimal(max((moment - begin).inSeconds, 0), places: 3)
        put(String(repeating: " ", count: max(7 - stamp.count, 0)) + stamp + " s  " + mark + "  " + text)
    }

    private func put(_ text: String) {
        print(text)
        // Whoever pipes the demo into a file still sees it grow.
        fflush(nil)
    }

    private func paint(_ code: String, _ text: String) -> String { colour ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text }
}
