/// Shell scripts of a simulated host that write down what they hear.
import Foundation
import Glibc
import Lab
import Testing

/// What the scripts of a host have written down.
struct Notes: Equatable {
    /// By the keyword that called the script, in order. keepalived starts the scripts of one change side by side, so
    /// only the order within one keyword can be compared.
    var calls: [String: [String]] = [:]
    var fifo: [String] = []
}

/// A host with small scripts that write down how they were called, and flags that let checks fail.
struct ScriptedHost {
    let host: LabHost
    var folder: String { host.folder }
    init(_ host: LabHost) throws {
        self.host = host
        for name in ["calls", "lines", "fail", "weak"] { unlink("\(folder)/\(name)") }
        // In one piece, because keepalived runs many of them at a time.
        try script("note.sh", #"t=; for a in "$@"; do t="$t<$a>"; done; echo "$t" >> \#(folder)/calls"#)
        try script("check.sh", "if [ -e \(folder)/$1 ]; then echo the flag $1 is up >&2; exit 3; fi")
        try script("reader.sh", "while read -r line; do echo \"$line\" >> \(folder)/lines; done < \"$1\"")
    }

    func script(_ name: String, _ body: String) throws {
        try host.write(file: name, "#!/bin/sh\n\(body)\n")
        chmod("\(folder)/\(name)", 0o755)
    }

    /// Makes the check that looks for this flag fail, or pass.
    func setFlag(_ name: String, _ isUp: Bool) throws {
        if isUp { try host.write(file: name, "") } else { unlink("\(folder)/\(name)") }
    }

    /// A command that writes down its arguments.
    func note(_ words: String) -> String { "\"\(folder)/note.sh \(words)\"" }

    var globals: String {
        """
        global_defs {
            enable_script_security
            script_user root
            vrrp_notify_fifo \(folder)/fifo
            vrrp_notify_fifo_script "\(folder)/reader.sh"
            vrrp_notify_priority_changes
        }
        vrrp_script chk {
            script "\(folder)/check.sh fail"
            interval 1
            timeout 1
        }
        vrrp_script worth {
            script "\(folder)/check.sh weak"
            interval 1
            weight -20
        }

        """
    }

    var notifyLines: [String] {
        ["master", "backup", "fault", "stop"].map { "notify_\($0) \(note("\($0) 'two words'"))" }
            + ["notify \(note("any"))", "notify_master_rx_lower_pri \(note("lower"))"]
    }

    func lines(_ name: String) -> [String] {
        let text = (try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    var notes: Notes {
        var notes = Notes()
        for line in lines("calls") {
            notes.calls[String(line.dropFirst().prefix { $0 != ">" }), default: []].append(line)
        }
        notes.fifo = lines("lines")
        return notes
    }

    /// Waits until the FIFO's reader has written down so many lines, and the scripts as many.
    func wait(for line: String, count: Int = 1, sourceLocation: SourceLocation = #_sourceLocation) {
        let reached = waitUntil(.seconds(15), every: .milliseconds(10)) {
            lines("lines").filter { $0.contains(line) }.count >= count
                && lines("calls").filter { $0.contains("<any>") }.count >= lines("lines").filter(Self.isState).count
        }
        #expect(reached != nil, "no \(line) in \(lines("lines"))", sourceLocation: sourceLocation)
    }

    func waitForCall(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) {
        let reached = waitUntil(.seconds(5), every: .milliseconds(10)) { lines("calls").contains { $0.contains(text) } }
        #expect(reached != nil, "no \(text) in \(lines("calls"))", sourceLocation: sourceLocation)
        pause(.milliseconds(200))
    }

    private static func isState(_ line: String) -> Bool { !line.contains("_PRIORITY") && !line.contains("_RX_") }
}
