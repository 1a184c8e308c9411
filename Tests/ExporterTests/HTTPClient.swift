/// curl(1) and bare connections, as the exporter's clients.
import Exporter
import Foundation
import LinuxIO
import Testing

/// What curl saw.
struct Reply {
    var status: Int
    var contentType: String
    var body: String
}

/// A server on a free port of loopback, with somebody who ends what is overdue.
func withServer(
    _ path: String, limit: Duration = .seconds(2), lifetimeNanoseconds: Int64 = 10_000_000_000,
    at address: String = "127.0.0.1:0", _ body: (SocketAddress) throws -> Void
) throws {
    let site = Site(DaemonReader(path: path, limit: limit))
    let server = try WebServer(
        site, at: SocketAddress(listening: address), lifetimeNanoseconds: lifetimeNanoseconds)
    defer { server.close() }
    try body(server.address)
}

/// Throws when curl gets no answer within 20 seconds.
func get(_ address: SocketAddress, _ path: String, _ arguments: [String] = []) throws -> Reply {
    let separator = "\u{1}"
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/curl")
    process.arguments =
        ["-s", "-g", "--max-time", "20", "-w", "\(separator)%{http_code}\(separator)%{content_type}"] + arguments
        + ["http://\(address)\(path)"]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "curl ended with \(process.terminationStatus) for \(path)")
    let parts = text.components(separatedBy: separator)
    try #require(parts.count == 3)
    return Reply(status: Int(parts[1]) ?? 0, contentType: parts[2], body: parts[0])
}

/// A bare connection.
func connect(_ address: SocketAddress) throws -> StreamSocket {
    try TCPConnector.start(to: address)
}
