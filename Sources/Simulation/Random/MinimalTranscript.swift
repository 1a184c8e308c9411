/// A failed run as the shortest scenario that still fails, ready to be kept beside the others.
import VRRPCore

extension RandomRun {
    /// Leaves out faults as long as the same promise is broken; nil if all promises were kept.
    package mutating func minimalTranscript() -> String? {
        guard let promise = play().violations.first?.promise else { return nil }
        var kept = Set(plan.disturbances.indices)
        func isBroken(_ run: inout RandomRun, _ numbers: Set<Int>) -> Bool {
            run.play(only: numbers).violations.contains { $0.promise == promise }
        }
        // Halves first, then quarters, down to one fault at a time.
        var size = max(1, kept.count / 2)
        while true {
            for start in stride(from: 0, to: plan.disturbances.count, by: size) {
                let part = Set(start..<start + size).intersection(kept)
                if !part.isEmpty, isBroken(&self, kept.subtracting(part)) { kept.subtract(part) }
            }
            if size == 1 { break }
            size /= 2
        }
        let result = play(only: kept)
        guard let violation = result.violations.first(where: { $0.promise == promise }) else { return nil }
        return transcript(of: violation, until: result.simulated)
    }

    private func transcript(of violation: Violation, until end: Duration) -> String {
        var lines = ["# Seed \(seed). \(violation)"]
        lines += cluster.transcript
        var now = Time(nanoseconds: 0)
        for (time, action) in performed {
            if time > now { lines.append("run \((time - now).transcript)") }
            now = time
            lines.append(action.transcript)
        }
        lines.append("run \((Time(nanoseconds: 0) + end - now).transcript)")
        return lines.joined(separator: "\n") + "\n"
    }
}
