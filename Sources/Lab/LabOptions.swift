/// What a caller of the lab may choose: the programs it starts, and what the demo and the benchmarks do.

/// A failover daemon that the lab can start; both read the same keepalived.conf.
package enum Subject: String, Hashable, Sendable, CaseIterable {
    case halua
    case keepalived

    /// The name of its program.
    package var daemonName: String {
        switch self {
        case .halua: "haluad"
        case .keepalived: "keepalived"
        }
    }
}

/// Where the programs are.
package struct LabPrograms: Hashable, Sendable {
    /// The daemon under test.
    package var haluad: String
    /// The operator's tool; it also plays the lab's small parts (see `runLabRole`).
    package var halua: String
    package var keepalived: String
    /// Plugins the Lua checks come from: the project's `plugins` folder, or where the package installed it.
    package var plugins: String

    package init(haluad: String, halua: String, keepalived: String = "/usr/sbin/keepalived", plugins: String) {
        self.haluad = haluad
        self.halua = halua
        self.keepalived = keepalived
        self.plugins = plugins
    }

    /// haluad beside the running program, or installed; the plugins of the source tree it was built in, or installed.
    package static func beside(_ tool: String) -> Self {
        let folder = tool.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let haluad = firstExisting([folder + "/haluad", "/usr/sbin/haluad", "/usr/local/sbin/haluad"])
        // .build/debug is a link into .build/<platform>/debug, so the tree's root may be three or two folders up.
        let plugins = firstExisting([
            folder + "/../../../plugins", folder + "/../../plugins", "/usr/share/halua/plugins",
            "/usr/local/share/halua/plugins",
        ])
        return .init(haluad: haluad, halua: tool, plugins: realPath(plugins) ?? plugins)
    }

    /// As `beside`, for the program that runs now.
    package static var besideThisProgram: Self { beside(pathOfThisProgram()) }

    package func daemon(of subject: Subject) -> String {
        switch subject {
        case .halua: haluad
        case .keepalived: keepalived
        }
    }
}

package struct DemoOptions: Hashable, Sendable {
    package var programs: LabPrograms
    /// keepalived tells the same story with a check script in place of the Lua check.
    package var subject: Subject
    /// Colours; nil: only when standard output is a terminal.
    package var colour: Bool?
    /// Where the page of what happened goes; nil: nowhere.
    package var timeline: String?

    package init(
        programs: LabPrograms = .besideThisProgram, subject: Subject = .halua, colour: Bool? = nil,
        timeline: String? = nil
    ) {
        self.programs = programs
        self.subject = subject
        self.colour = colour
        self.timeline = timeline
    }
}

package enum Benchmark: String, Hashable, Sendable, CaseIterable {
    /// Time to hand over, from a client's view, for every way a master can go.
    case failover
    /// Time to hand over with the guard and without.
    case `guard`
    /// A planned hand-over, by every way that there is.
    case switchover
    /// Memory and processor time of daemons that only advertise.
    case idle
    /// 255 and 1,000 virtual routers on one host.
    case scale
    /// Advertisement intervals while scripts misbehave.
    case lua
    /// A TCP check as Lua and as a shell script.
    case checks
    /// From the address being set to the first line of a hook.
    case hooks
    /// Malformed, spoofed and random packets at a running pair.
    case storm
}

package struct BenchmarkOptions: Hashable, Sendable {
    package var programs: LabPrograms
    /// Which daemons to measure; those that are not installed are left out with a sentence.
    package var subjects: [Subject]
    /// How often each case of `failover` runs; `hooks` runs eight times as often, `guard` ten times.
    package var rounds: Int
    /// How long each measurement of `idle`, `scale`, `lua` and `checks` lasts.
    package var span: Duration
    /// Packets that `storm` sends.
    package var packets: Int

    package init(
        programs: LabPrograms = .besideThisProgram, subjects: [Subject] = Subject.allCases, rounds: Int = 5,
        span: Duration = .seconds(10), packets: Int = 100_000
    ) {
        self.programs = programs
        self.subjects = subjects
        self.rounds = rounds
        self.span = span
        self.packets = packets
    }
}
