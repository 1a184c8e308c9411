/// Plays random faults or scenarios against the core and nothing else: `make simulate`, `make test`, `make mutants`.
import Glibc
import Simulation
import VRRPCore

private let usage = """
    usage: simulate [--seed N] [--runs N] [--failures N]
           simulate play [--print] FILE...

    The first form plays runs of random faults from a seed on, and stops after so many failures.
    The second compares scenarios with the output that stands in them, or prints what they give now.
    Exit status: 0 when all promises were kept, 1 when one was broken or a scenario differs, 2 for nonsense.
    """

/// What was typed makes no sense.
private struct UsageError: Error {
    var sentence: String
}

private func fail(_ sentence: String, status: Int32) -> Never {
    let text = "simulate: \(sentence)\n"
    _ = write(STDERR_FILENO, text, text.utf8.count)
    exit(status)
}

private func readFile(_ path: String) throws(UsageError) -> String {
    guard let file = fopen(path, "r") else { throw UsageError(sentence: "\(path): cannot be read") }
    defer { fclose(file) }
    var octets: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = fread(&buffer, 1, buffer.count, file)
        if count == 0 { break }
        octets += buffer[..<count]
    }
    return String(decoding: octets, as: UTF8.self)
}

/// Returns whether every scenario plays as it is written.
private func play(_ arguments: ArraySlice<String>) throws(UsageError) -> Bool {
    let prints = arguments.contains("--print")
    var isGood = true
    for path in arguments where path != "--print" {
        let text = try readFile(path)
        let played: String
        do throws(TranscriptError) {
            played = try Transcript.play(text)
        } catch {
            print("\(path): \(error)")
            isGood = false
            continue
        }
        if prints { print(played, terminator: "") }
        if played != text {
            if !prints { print("\(path): differs from what is written") }
            isGood = false
        }
    }
    return isGood
}

private func options(_ arguments: [String]) throws(UsageError) -> SimulationOptions {
    var options = SimulationOptions()
    options.runs = 3000
    var rest = arguments[...]
    while let word = rest.popFirst() {
        guard let value = rest.popFirst().flatMap(UInt64.init) else {
            throw UsageError(sentence: "\(word) needs a number")
        }
        switch word {
        case "--seed": options.firstSeed = value
        case "--runs": options.runs = value
        case "--failures": options.failureLimit = Int(clamping: value)
        default: throw UsageError(sentence: "there is no option \(word)")
        }
    }
    return options
}

private func simulateRandomly(_ options: SimulationOptions) async -> Bool {
    let clock = ContinuousClock()
    let began = clock.now
    let report = await simulateOnAllProcessors(options)
    for failure in report.failures {
        print("seed \(failure.seed): \(failure.violation)\n\(failure.transcript)")
    }
    let took = max((clock.now - began) / .seconds(1), 0.001)
    let hours = report.simulated / .seconds(3600)
    func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }
    print(
        """
        \(report.runs) runs, \(report.faults) faults, \(report.transitions) transitions, \(rounded(hours)) cluster hours \
        in \(rounded(took)) s (\(rounded(hours * 60 / took)) hours a minute), \(report.failures.count) failed
        two holders: \(rounded(report.dualTime / .seconds(1))) s, at the longest \
        \(rounded(report.longestDual / .seconds(1))) s; no holder: \(rounded(report.vacantTime / .seconds(1))) s
        """)
    return report.failures.isEmpty
}

do throws(UsageError) {
    let arguments = Array(CommandLine.arguments.dropFirst())
    if arguments.contains("--help") {
        print(usage)
        exit(0)
    }
    let isGood: Bool
    if arguments.first == "play" {
        isGood = try play(arguments.dropFirst())
    } else {
        isGood = await simulateRandomly(try options(arguments))
    }
    exit(isGood ? 0 : 1)
} catch {
    fail("\(error.sentence)\n\(usage)", status: 2)
}
