/// A network of a test's own: entered on the test's thread, gone with it.
import CLinux
import Glibc
import LinuxIO
import SystemPackage
import Testing
import Wire

/// What the tests of the network need: root's rights, in a container too.
let networkRights: Capabilities = [.networkAdministration, .networkRaw, .systemAdministration]

extension Trait where Self == ConditionTrait {
    /// Skips a test where network namespaces may not be made.
    static var needsNetworkRights: Self {
        .enabled(if: Capabilities.effective.isSuperset(of: networkRights), "network namespaces take root's rights")
    }
}

/// Runs a body in a fresh network namespace with `lo` up, then takes the thread back to its own.
///
/// The body must not suspend: only this thread is in the namespace. Processes it starts are in it as well.
func inNewNetworkNamespace(_ body: () throws -> Void) throws {
    let home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)
    try #require(home >= 0)
    defer {
        let result = setns(home, CLONE_NEWNET)
        precondition(result == 0, "a thread that cannot go home would spoil the other tests")
        close(home)
    }
    try NetworkNamespace.enterNew()
    try run("ip link set lo up")
    try body()
}

/// Runs a program to its end; its arguments are separated by single spaces. Returns what it printed.
@discardableResult
func run(_ line: String) throws -> String {
    var ends: (Int32, Int32) = (-1, -1)
    let made = withUnsafeMutableBytes(of: &ends) { pipe2($0.bindMemory(to: Int32.self).baseAddress, O_CLOEXEC) }
    try #require(made == 0)
    defer { close(ends.0) }
    var command = Command(line.split(separator: " ").map { String($0) })
    command.standardOutput = .descriptor(ends.1)
    command.standardError = .descriptor(ends.1)
    let child: Child
    do {
        child = try Child(command)
        close(ends.1)
    } catch {
        close(ends.1)
        throw error
    }
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while case let count = read(ends.0, &buffer, buffer.count), count > 0 { text += buffer[..<count] }
    let output = String(decoding: text, as: UTF8.self)
    #expect(child.collect() == .exited(0), "\(line): \(output)")
    return output
}

extension EventLoop {
    /// Turns until something is so, for at most `limit`; says whether it became so.
    func turn(until condition: () -> Bool, limit: Duration = .seconds(10)) -> Bool {
        let end = Clock.monotonic + limit.wholeNanoseconds
        while !condition() {
            guard Clock.monotonic < end else { return false }
            turn(maximumWait: .milliseconds(50))
        }
        return true
    }
}

/// Two ends of a cable in one namespace, `left` with 10.0.0.1 and `right` with 10.0.0.2, both up.
func makeCable() throws -> (left: Interface, right: Interface) {
    try run("ip link add left type veth peer name right")
    for end in ["left", "right"] {
        // Without this the link-local addresses would be tentative for a second or two.
        try Sysctl("net/ipv6/conf/\(end)/accept_dad").write("0")
        // Both ends are of this host: without these its own address as a source would look forged.
        try Sysctl("net/ipv4/conf/\(end)/accept_local").write("1")
        try Sysctl("net/ipv4/conf/\(end)/rp_filter").write("0")
        try run("ip link set \(end) up")
    }
    try Sysctl("net/ipv4/conf/all/rp_filter").write("0")
    try run("ip address add 10.0.0.1/24 dev left")
    try run("ip address add 10.0.0.2/24 dev right")
    return (try Interface(named: "left"), try Interface(named: "right"))
}

/// Lets time pass, for tests of what the kernel does on its own.
func pause(_ span: Duration) { usleep(UInt32(clamping: span.wholeNanoseconds / 1000)) }

/// An address from text, for tests.
func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

/// A prefix from text, for tests.
func prefix(_ text: String) throws -> Prefix { try #require(Prefix(text)) }
