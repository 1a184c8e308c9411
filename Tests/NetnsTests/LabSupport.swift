/// Which programs these tests run, whether they can, and the claims that several of them make.
import Foundation
import Lab
import Testing

enum LabSupport {
    /// The package's root: this file is in Tests/NetnsTests.
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path()

    /// HALUA_BIN_DIR, else the debug build.
    static let folder = ProcessInfo.processInfo.environment["HALUA_BIN_DIR"] ?? root + ".build/debug"

    static let programs = LabPrograms(
        haluad: folder + "/haluad", halua: folder + "/halua", plugins: root + "plugins")

    /// True where hosts in namespaces can be made and keepalived is there to be one's peer.
    static let canRunKeepalived =
        hasLabPrivileges && isProgram(programs.halua) && isProgram(programs.keepalived)

    /// As `canRunKeepalived`, with haluad.
    static let canRunHalua = canRunKeepalived && isProgram(programs.haluad)

    /// True where the programs are there that check scripts of keepalived guides call.
    static let canRunCheckScripts = checkScriptPrograms.allSatisfy(isProgram)
    private static let checkScriptPrograms = ["killall", "nc", "ss"]

    static let canReadCaptures = isProgram("tshark")

    /// True where a skipped test would hide something: HALUA_REQUIRE_NETNS=1, which `make test` sets for root.
    static let isRequired = ProcessInfo.processInfo.environment["HALUA_REQUIRE_NETNS"] == "1"

    /// What keeps some of these tests from running here, a sentence each.
    static var obstacles: [String] {
        var found: [String] = []
        if !hasLabPrivileges { found.append("this process may not make network namespaces: run it as root") }
        for path in [programs.haluad, programs.halua] where !isProgram(path) {
            found.append("there is no \(path): build it, or name its folder in HALUA_BIN_DIR")
        }
        for name in [programs.keepalived, "tshark"] + checkScriptPrograms where !isProgram(name) {
            found.append("\(name) is not installed: run packaging/ensure-packages test")
        }
        if !FRRRouter.isInstalled { found.append("frr is not installed: run packaging/ensure-packages test") }
        return found
    }

    static let reason: Comment = "needs root, haluad and halua in HALUA_BIN_DIR or .build/debug, and keepalived"

    private static func isProgram(_ path: String) -> Bool { pathOfProgram(path) != nil }
}

/// All tests that start daemons: one after the other, because they measure time.
@Suite(.serialized)
struct NetnsTests {
    @Test("nothing is skipped where HALUA_REQUIRE_NETNS=1 forbids it", .enabled(if: LabSupport.isRequired))
    func skipsNothing() {
        for obstacle in LabSupport.obstacles { Issue.record("\(obstacle)") }
    }
}

/// Runs a pair of hosts with both instruments on one address.
func withPair(
    _ address: String = "192.168.4.200", hosts: [String] = ["first", "second"], addresses: [String]? = nil,
    _ body: (Lab, AddressWatch, Prober) throws -> Void
) throws {
    try Lab.with(hosts, programs: LabSupport.programs, addresses: addresses) { lab in
        let watch = try AddressWatch(address, in: lab)
        let prober = try Prober(address, in: lab)
        try body(lab, watch, prober)
    }
}

/// Waits until exactly these hosts hold the address, and fails with the daemons' last words when they never do.
func expectHolders(
    _ expected: Set<Int>, _ watch: AddressWatch, within limit: Duration, _ daemons: [LabProcess],
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let reached = waitUntil(limit) { watch.holders == expected }
    #expect(
        reached != nil, "\(watch.holders) hold the address, not \(expected)\n\(daemons.map { tail($0) }.joined())",
        sourceLocation: sourceLocation)
}

/// Has an independent decoder read every frame: none malformed, no checksum wrong.
func expectWellFormed(_ capture: AdvertCapture, in lab: Lab) throws {
    guard LabSupport.canReadCaptures else { return }
    let path = lab.folder + "/adverts.pcap"
    try capture.writeFrames(to: path)
    let fields = ["vrrp.checksum.status", "_ws.malformed", "ip.checksum.status", "_ws.col.Info"]
    let lines = try runCommand(
        // Without the option tshark takes every IPv4 checksum for good.
        ["tshark", "-r", path, "-o", "ip.check_checksum:TRUE", "-T", "fields"] + fields.flatMap { ["-e", $0] }
    )
    .split(separator: "\n").filter { $0.contains("\t") }
    #expect(lines.count == capture.count, "tshark reads every frame that passed")
    for line in lines {
        let cells = line.split(separator: "\t", omittingEmptySubsequences: false)
        #expect(cells[0] == "1", "VRRP checksum of: \(line)")
        #expect(cells[1].isEmpty, "malformed: \(line)")
        #expect(cells[2].isEmpty || cells[2] == "1", "IP checksum of: \(line)")
    }
}

/// Types a command of the tool in a host; returns "status N", and what was printed besides, errors among it.
func typeHalua(_ words: String, on host: LabHost) throws -> (status: String, text: String) {
    let printed = try host.run(["sh", "-c", "\(LabSupport.programs.halua) \(words) 2>&1; echo \"status $?\""])
    let lines = printed.split(separator: "\n").map(String.init)
    return (lines.last ?? "", lines.dropLast().joined(separator: "\n"))
}
