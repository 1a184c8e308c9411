/// What a Mycat's manager tells: the tables of one with two write hosts and three data nodes, as 1.6 prints them.

package struct MycatTables: Hashable, Sendable {
    /// A write host as `show @@heartbeat` shows it.
    package struct Backend: Hashable, Sendable {
        package var name: String
        package var host = "127.0.0.1"
        package var port: Int
        /// RS_CODE: 1 well, -1 error, -2 timeout, 0 not checked yet.
        package var code = 1
        package var retries = 0
        /// "idle" or "checking".
        package var status = "idle"
        /// LAST_ACTIVE_TIME: what it says does not matter, that it changes does.
        package var lastActive = "2026-11-22 09:37:44"

        package init(_ name: String, port: Int) {
            self.name = name
            self.port = port
        }
    }

    /// An operator has said `offline`.
    package var isOffline = false
    /// Mycat's own clock in milliseconds.
    package var clock = 1_795_340_264_936
    /// The write host of dn1 and dn2, and that of dn3.
    package var first = Backend("hostM1", port: 13_306)
    package var second = Backend("hostM2", port: 13_307)

    package init() {}

    package static let version = "5.6.29-mycat-1.6-RELEASE-20161028204710"

    /// The whole answer to a statement at the manager's port.
    package func answer(_ statement: String) -> [UInt8] {
        switch statement {
        case "show @@server":
            return MySQLPacket.table(
                [
                    ("UPTIME", 253), ("USED_MEMORY", 8), ("TOTAL_MEMORY", 8), ("MAX_MEMORY", 8), ("RELOAD_TIME", 8),
                    ("ROLLBACK_TIME", 8), ("CHARSET", 253), ("STATUS", 253),
                ],
                [
                    [
                        "2m 31s 190ms", "12389320", "69206016", "268435456", "1795340113670", "-1", "utf8",
                        isOffline ? "OFF" : "ON",
                    ]
                ])
        case "show @@time.current": return MySQLPacket.table([("TIMESTAMP", 8)], [["\(clock)"]])
        case "show @@heartbeat":
            return MySQLPacket.table(
                [
                    ("NAME", 253), ("TYPE", 253), ("HOST", 253), ("PORT", 3), ("RS_CODE", 3), ("RETRY", 3),
                    ("STATUS", 253), ("TIMEOUT", 8), ("EXECUTE_TIME", 253), ("LAST_ACTIVE_TIME", 253), ("STOP", 253),
                ],
                [second, first].map {
                    [
                        $0.name, "mysql", $0.host, "\($0.port)", "\($0.code)", "\($0.retries)", $0.status, "0",
                        "4,2,2", $0.lastActive, "false",
                    ]
                })
        case "show @@datasource":
            return MySQLPacket.table(
                [
                    ("DATANODE", 253), ("NAME", 253), ("TYPE", 253), ("HOST", 253), ("PORT", 3), ("W/R", 253),
                    ("ACTIVE", 3), ("IDLE", 3), ("SIZE", 3), ("EXECUTE", 8), ("READ_LOAD", 8), ("WRITE_LOAD", 8),
                ],
                [("dn1", first), ("dn3", second), ("dn2", first)].map { node, host in
                    [node, host.name, "mysql", host.host, "\(host.port)", "W", "0", "2", "100", "24", "6", "0"]
                })
        default: return MySQLPacket.failure(1, 1_003, "Unsupported statement")
        }
    }
}
