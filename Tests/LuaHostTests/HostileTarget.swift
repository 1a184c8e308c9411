/// The shipped plugins that ask somebody, and how each is told to ask a hostile peer.
import Lab

/// Checks of one plugin, with the peer that they ask.
struct HostileTarget: Sendable {
    /// The file in `plugins`, and the checks that must fail.
    var plugin: String
    var checks: [String]
    /// How a good answer begins.
    var half: [UInt8] = []
    /// Options that say where the peer is, by its port or by its socket in the file system.
    var place: @Sendable (_ port: Int, _ socket: String) -> [(String, [String])]
    /// Other options.
    var options: [(String, [String])] = []
    var usesSocket = false

    private static let page = Array("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ndatab".utf8)
    /// A record of TLS 1.2 with the beginning of a ServerHello.
    private static let serverHello: [UInt8] = [0x16, 3, 3, 0, 0x7A, 2, 0, 0, 0x76, 3, 3]
    private static let greeting = MySQLPacket.greeting("5.6.29-mycat-1.6-RELEASE-20161028204710")
    private static let login = [("user", ["halua"]), ("password", ["secret"])]
    private static let mycatOptions = [
        ("failures", ["1"]), ("pause", ["300ms"]), ("greeting_timeout", ["300ms"]), ("query_timeout", ["300ms"]),
    ]

    static let all = [
        HostileTarget(
            plugin: "tcp", checks: ["connect"], half: Array("+PON".utf8), place: { port, _ in [("port", ["\(port)"])] },
            options: [("send", ["PING\r\n"]), ("expect", ["+PONG"]), ("quit", ["QUIT\r\n"])]),
        HostileTarget(
            plugin: "tcp", checks: ["connect"], half: serverHello, place: { port, _ in [("port", ["\(port)"])] },
            options: [("tls", ["on"]), ("verify", ["off"]), ("expect", ["+PONG"])]),
        HostileTarget(
            plugin: "http", checks: ["answer"], half: page,
            place: { port, _ in [("url", ["http://127.0.0.1:\(port)/"])] }, options: [("expect", ["database: ok"])]),
        HostileTarget(
            plugin: "http", checks: ["answer"], half: serverHello,
            place: { port, _ in [("url", ["https://127.0.0.1:\(port)/"])] }, options: [("verify", ["off"])]),
        HostileTarget(
            plugin: "http", checks: ["answer"], half: page,
            place: { _, socket in [("url", ["http://localhost/"]), ("socket", [socket])] },
            options: [("expect", ["database: ok"])], usesSocket: true),
        HostileTarget(
            plugin: "mysql", checks: ["alive", "writable", "replication", "galera"], half: greeting,
            place: { port, _ in [("port", ["\(port)"])] }, options: login),
        HostileTarget(
            plugin: "mysql", checks: ["alive", "galera"], half: Array(greeting.prefix(40)),
            place: { _, socket in [("socket", [socket])] }, options: login, usesSocket: true),
        HostileTarget(
            plugin: "haproxy", checks: ["alive"], half: Array("Name: HAProxy\nVersion: 2.6.12\nUptime_sec: 4\n".utf8),
            place: { _, socket in [("socket", [socket])] }, usesSocket: true),
        HostileTarget(
            plugin: "haproxy", checks: ["backends"],
            half: Array("# pxname,svname,status,type,\nshop,web1,UP,2,\n".utf8),
            place: { _, socket in [("socket", [socket])] }, usesSocket: true),
        HostileTarget(
            plugin: "mycat", checks: ["greeting"], half: Array(greeting.prefix(9)),
            place: { port, _ in [("port", ["\(port)"]), ("manager_port", ["\(port)"])] }, options: mycatOptions),
        HostileTarget(
            plugin: "mycat", checks: ["manager"], half: greeting,
            place: { port, _ in [("port", ["\(port)"]), ("manager_port", ["\(port)"])] },
            options: mycatOptions + login + [("schema", ["TESTDB"])]),
    ]

    /// Who asks nobody by a connection, and where its hostile counterpart is tested.
    static let elsewhere = [
        "disk": "HostileProgramTests", "exec": "HostileProgramTests", "process": "HostileProgramTests",
        "systemd_unit": "HostileProgramTests", "gateway_witness": "HostilePeerTests", "webhook": "HostilePeerTests",
        "mail": "MailTests",
    ]
}
