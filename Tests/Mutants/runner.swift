/// Plays one mutant: all scenarios, then random runs. Exit status 1 when something noticed it, with one line of what.
import Glibc
import Simulation
import VRRPCore

/// Seeds after a scenario has noticed the mutant, to see whether chance would have; and when none has.
private let fewSeeds: UInt64 = 40
private let manySeeds: UInt64 = 800

private func read(_ path: String) -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    var octets: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = fread(&buffer, 1, buffer.count, file)
        if count == 0 { return String(decoding: octets, as: UTF8.self) }
        octets += buffer[..<count]
    }
}

let arguments = CommandLine.arguments.dropFirst()
Mutants.active = arguments.first.flatMap { Int($0) } ?? 0
var findings: [String] = []
var differing = 0
for path in arguments.dropFirst() {
    let text = read(path)
    let played = try? Transcript.play(text)
    guard played != text else { continue }
    differing += 1
    if differing == 1 { findings.append(String(path.split(separator: "/").last?.dropLast(4) ?? "?")) }
}
if differing > 1 { findings.append("and \(differing - 1) more scenarios") }

for seed in 1...(Mutants.active == 0 || differing > 0 ? fewSeeds : manySeeds) {
    var run = RandomRun(seed: seed)
    guard let violation = run.play().violations.first else { continue }
    findings.append("seed \(seed): \(violation.promise)")
    break
}
print(findings.joined(separator: ", "))
exit(findings.isEmpty ? 0 : 1)
