/// The check scripts that keepalived guides print, run by keepalived beside haluad on the same host.

/// One `vrrp_script`.
package struct CheckScript: Hashable, Sendable {
    /// Its name in keepalived's file and log.
    var name: String
    /// As the guides have it.
    package var command: String
    /// For a table: without what would be a border in Markdown.
    var title: String { command.replacing(" |", with: ",") }

    package static let all = [
        Self(name: "by_name", command: "killall -0 java"),
        Self(name: "by_connect", command: "nc -z 127.0.0.1 8066"),
        Self(name: "by_port", command: "ss -lnt | grep 8066"),
    ]

    /// The interval of the guides, and that of keepalived's own sample: two failures in a row count.
    package static let interval = Duration.seconds(2)
    package static let fall = 2

    /// keepalived's file for one host: an instance of its own that tracks all of them.
    static func configuration(virtualRouterID: Int, address: String) -> String {
        var instance = InstanceText()
        instance.name = "VI_scripts"
        instance.virtualRouterID = virtualRouterID
        instance.addresses = [address]
        instance.lines = ["track_script {"] + all.map { "    \($0.name)" } + ["}"]
        return "global_defs {\n    script_user root\n}\n" + all.map(\.text).joined() + instance.text
    }

    /// A pipe needs a shell, which keepalived does not start by itself.
    private var text: String {
        let line = command.contains("|") ? "/bin/sh -c '\(command)'" : command
        return """
            vrrp_script \(name) {
                script "\(line)"
                interval \(Int(Self.interval.inSeconds))
                fall \(Self.fall)
                rise 2
                weight -20
            }

            """
    }

    /// When keepalived counted it as failed, the first time since `moment`.
    func failure(in keepalived: LabProcess, since moment: Moment) -> Moment? {
        let line = keepalived.output.lines.first {
            $0.at >= moment && $0.text.contains("VRRP_Script(\(name))")
                && ($0.text.contains("failed") || $0.text.contains("timed"))
        }
        return line?.at
    }
}
