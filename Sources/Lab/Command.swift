/// Running a program to its end: `ip`, `nft` and the other hands the lab uses on its networks.
import Glibc
import LinuxIO

/// The number under which `runCommand` passes a descriptor on.
let passedDescriptorNumber: Int32 = 9

/// Runs a program in the calling thread's namespaces, with `input` on its standard input; returns what it printed.
///
/// Throws what it printed when it fails.
@discardableResult
package func runCommand(_ words: [String], input: String = "") throws(LabError) -> String {
    try runCommand(words, input: input, passing: nil)
}

@discardableResult
func runCommand(_ words: [String], input: String, passing passed: Descriptor?) throws(LabError) -> String {
    let (process, output) = try startCommand(words, input, passed)
    var printed: [UInt8] = []
    while case let octets = output.read(), !octets.isEmpty { printed += octets }
    let text = String(decoding: printed, as: UTF8.self)
    let status = reap(process)
    guard status == .exited(0) else {
        let how = status.map { "\($0)" } ?? "lost"
        throw LabError("\(words.joined(separator: " ")) failed (\(how)): \(text.trimmingLineEnd)")
    }
    return text
}

/// Its own function so that our copies of the program's ends of the pipes are closed when it returns.
private func startCommand(
    _ words: [String], _ input: String, _ passed: Descriptor?
) throws(LabError) -> (pid_t, Descriptor) {
    guard let path = pathOfProgram(words[0]) else {
        throw LabError("the program \(words[0]) is not installed; the lab needs it")
    }
    let standardInput = try Descriptor.pipe()
    let output = try Descriptor.pipe()
    var descriptors = [(standardInput.reading, Int32(0)), (output.writing, 1), (output.writing, 2)]
    if let passed { descriptors.append((passed, passedDescriptorNumber)) }
    // Inputs are shorter than a pipe's buffer: they fit before anybody reads.
    try standardInput.writing.write(Array(input.utf8))
    let process = try spawnProcess(
        path, arguments: words, environment: LabProcess.plainEnvironment, descriptors: descriptors)
    return (process, output.reading)
}
