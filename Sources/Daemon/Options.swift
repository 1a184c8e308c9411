/// haluad's command line: keepalived's flags, so that a unit file or a habit goes on working, and halua's few own.

/// What the daemon was started to do.
package enum Command: Hashable, Sendable {
    case run
    /// `-t`: read the configuration, say what is wrong with it, exit.
    case testConfiguration
    /// `--release-addresses`: remove what a daemon that died has left behind, exit.
    case releaseAddresses
    case printVersion
    /// `--signum=NAME`: print the number of the signal that does it.
    case printSignal(Int32)
    case printHelp
}

package struct Options: Hashable, Sendable {
    package var command = Command.run
    /// `-f`; nil: /etc/halua/halua.conf and /etc/halua/conf.d/*.conf.
    package var configurationFile: String?
    /// `-n`: stay in the foreground.
    package var staysInForeground = false
    /// `-l`: log to the console as well.
    package var logsToConsole = false
    /// `-D`: log details.
    package var logsDetails = false
    /// `-G`: no syslog.
    package var usesSyslog = true
    /// `-S`: the syslog facility local0 … local7.
    package var syslogFacility: Int?
    /// `-g FILE`: log to this file.
    package var logFile: String?
    /// `-p FILE`
    package var pidFile: String?
    /// `-i ID`: chooses the `@ID` lines of the configuration; nil: the host name.
    package var configurationID: String?
    /// `-V`: leave the addresses in place when stopping.
    package var keepsAddressesAtStop = false
    /// `-s NAME`: run in this network namespace.
    package var networkNamespace: String?
    /// `--control PATH`; an empty path: no control socket.
    package var controlSocket: String?
    /// `--control-group GROUP`: who may ask for status and metrics besides root.
    package var controlGroup: String?
    /// `--ignore-sigint`
    package var ignoresInterrupt = false
    /// Sentences on flags that were accepted and do nothing here.
    package var notes: [String] = []

    package init() {}
}

/// Why a command line cannot be understood; the sentence says what to do.
package struct OptionsError: Error, Hashable, CustomStringConvertible {
    package var description: String
}

extension Options {
    /// Read the arguments after the program's name, in getopt's manner: `-nl`, `-f FILE`, `-fFILE`, `--use-file=FILE`.
    package init(arguments: [String]) throws(OptionsError) {
        self.init()
        var rest = arguments[...]
        while let word = rest.popFirst() {
            if word == "--" { break }
            if word.hasPrefix("--") {
                try readLong(String(word.dropFirst(2)), &rest)
            } else if word.hasPrefix("-"), word.count > 1 {
                try readShort(word.dropFirst(), &rest)
            } else {
                throw OptionsError(
                    description: "unexpected argument \"\(word)\"; a configuration file is named with -f \(word)")
            }
        }
        if let extra = rest.first {
            throw OptionsError(description: "unexpected argument \"\(extra)\" after --")
        }
    }

    private mutating func readLong(_ word: String, _ rest: inout ArraySlice<String>) throws(OptionsError) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        guard let flag = flags.first(where: { $0.long == name }) else {
            throw OptionsError(description: "unknown option --\(name); haluad --help lists them")
        }
        var value = parts.count > 1 ? String(parts[1]) : nil
        if value != nil, flag.argument == .none {
            throw OptionsError(description: "--\(name) takes no value")
        }
        if value == nil, flag.argument == .required { value = rest.popFirst() }
        try apply(flag, value, as: "--\(name)")
    }

    private mutating func readShort(_ letters: Substring, _ rest: inout ArraySlice<String>) throws(OptionsError) {
        var letters = letters
        while let letter = letters.popFirst() {
            guard let flag = flags.first(where: { $0.short == letter }) else {
                throw OptionsError(description: "unknown option -\(letter); haluad --help lists them")
            }
            var value: String?
            if flag.argument != .none {
                if !letters.isEmpty {
                    value = String(letters)
                    letters = ""
                } else if flag.argument == .required {
                    value = rest.popFirst()
                }
            }
            try apply(flag, value, as: "-\(letter)")
        }
    }

    private mutating func apply(_ flag: Flag, _ value: String?, as spelling: String) throws(OptionsError) {
        if flag.argument == .required, value == nil {
            throw OptionsError(description: "\(spelling) needs a value: \(flag.help)")
        }
        switch flag.meaning {
        case .set(let change):
            if let problem = change(&self, value) {
                throw OptionsError(description: "\(spelling) \(value ?? ""): \(problem)")
            }
        case .ignored(let why):
            notes.append("\(spelling) does nothing here: \(why)")
        }
    }
}

/// One flag: how it is written, what it takes, what it does.
struct Flag: Sendable {
    enum Argument { case none, optional, required }
    enum Meaning: Sendable {
        /// Change the options; a returned sentence says why the value is refused.
        case set(@Sendable (inout Options, String?) -> String?)
        case ignored(String)
    }

    var short: Character?
    var long: String
    var argument = Argument.none
    var help: String
    var meaning: Meaning
}

private func facility(_ options: inout Options, _ value: String?) -> String? {
    guard let value, let number = Int(value), (0...7).contains(number) else {
        return "expected a number from 0 to 7, for local0 to local7"
    }
    options.syslogFacility = number
    return nil
}

private let oneProcess = "halua is one process with no children to watch"
private let noLVS = "halua has no load balancer (LVS)"

/// Every flag of keepalived 2.2 and later, and halua's `--control`, `--control-group` and `--release-addresses`.
let flags: [Flag] = [
    Flag(
        short: "f", long: "use-file", argument: .required, help: "read this configuration file",
        meaning: .set {
            $0.configurationFile = $1
            return nil
        }),
    Flag(
        short: "n", long: "dont-fork", help: "stay in the foreground",
        meaning: .set { options, _ in
            options.staysInForeground = true
            return nil
        }),
    Flag(
        short: "l", long: "log-console", help: "log to the console as well",
        meaning: .set { options, _ in
            options.logsToConsole = true
            return nil
        }),
    Flag(
        short: "D", long: "log-detail", help: "log details",
        meaning: .set { options, _ in
            options.logsDetails = true
            return nil
        }),
    Flag(
        short: "t", long: "config-test", argument: .optional, help: "check the configuration and exit",
        meaning: .set { options, file in
            options.command = .testConfiguration
            if let file { options.configurationFile = file }
            return nil
        }),
    Flag(
        short: "p", long: "pid", argument: .required, help: "write the process number to this file",
        meaning: .set {
            $0.pidFile = $1
            return nil
        }),
    Flag(
        short: "S", long: "log-facility", argument: .required, help: "the syslog facility, 0 to 7 for local0 to local7",
        meaning: .set(facility)),
    Flag(
        short: "g", long: "log-file", argument: .optional, help: "log to this file (/var/log/halua.log)",
        meaning: .set {
            $0.logFile = $1 ?? "/var/log/halua.log"
            return nil
        }),
    Flag(
        short: "G", long: "no-syslog", help: "do not log to syslog",
        meaning: .set { options, _ in
            options.usesSyslog = false
            return nil
        }),
    Flag(
        short: "i", long: "config-id", argument: .required, help: "read the configuration lines marked @ID for this ID",
        meaning: .set {
            $0.configurationID = $1
            return nil
        }),
    Flag(
        short: "V", long: "dont-release-vrrp", help: "leave the addresses in place when stopping",
        meaning: .set { options, _ in
            options.keepsAddressesAtStop = true
            return nil
        }),
    Flag(
        short: "s", long: "namespace", argument: .required, help: "run in this network namespace",
        meaning: .set {
            $0.networkNamespace = $1
            return nil
        }),
    Flag(
        short: nil, long: "control", argument: .required,
        help: "the control socket (/run/halua/control.sock); an empty path: none",
        meaning: .set {
            $0.controlSocket = $1
            return nil
        }),
    Flag(
        short: nil, long: "control-group", argument: .required,
        help: "this group, too, may ask for status and metrics, and for nothing else",
        meaning: .set {
            $0.controlGroup = $1
            return nil
        }),
    Flag(
        short: nil, long: "release-addresses",
        help: "remove the addresses that a haluad that died has left behind, and exit",
        meaning: .set { options, _ in
            options.command = .releaseAddresses
            return nil
        }),
    Flag(
        short: nil, long: "ignore-sigint", help: "do not stop on SIGINT",
        meaning: .set { options, _ in
            options.ignoresInterrupt = true
            return nil
        }),
    Flag(
        short: nil, long: "signum", argument: .required,
        help: "print the number of the signal for STOP or RELOAD, as scripts ask for it", meaning: .set(signal)),
    Flag(
        short: "v", long: "version", help: "print the version",
        meaning: .set { options, _ in
            options.command = .printVersion
            return nil
        }),
    Flag(
        short: "h", long: "help", help: "print this list",
        meaning: .set { options, _ in
            options.command = .printHelp
            return nil
        }),
    Flag(short: "P", long: "vrrp", help: "only VRRP", meaning: .ignored("VRRP is all that halua does")),
    Flag(short: "C", long: "check", help: "only health checkers", meaning: .ignored(noLVS)),
    Flag(short: "B", long: "no_bfd", help: "no BFD", meaning: .ignored("halua does not speak BFD")),
    Flag(short: nil, long: "all", help: "all parts", meaning: .ignored(oneProcess)),
    Flag(
        short: "X", long: "release-vips", help: "remove addresses of an earlier run",
        meaning: .ignored("halua always removes what an earlier run left behind")),
    Flag(short: "I", long: "dont-release-ipvs", help: "leave IPVS in place", meaning: .ignored(noLVS)),
    Flag(short: "R", long: "dont-respawn", help: "do not restart children", meaning: .ignored(oneProcess)),
    Flag(
        short: "d", long: "dump-conf", help: "print the configuration",
        meaning: .ignored("halua status shows what is in force")),
    Flag(short: "r", long: "vrrp_pid", argument: .required, help: "pid file of a child", meaning: .ignored(oneProcess)),
    Flag(
        short: "c", long: "checkers_pid", argument: .required, help: "pid file of a child",
        meaning: .ignored(oneProcess)),
    Flag(short: "b", long: "bfd_pid", argument: .required, help: "pid file of a child", meaning: .ignored(oneProcess)),
    Flag(short: "T", long: "genhash", help: "hash a page", meaning: .ignored(noLVS)),
    Flag(
        short: "a", long: "address-monitoring", help: "log address changes",
        meaning: .ignored("halua status shows the addresses, and changes that matter are always logged")),
    Flag(
        short: "e", long: "all-config", help: "read all parts of the file", meaning: .ignored("halua always does")),
    Flag(short: "x", long: "snmp", help: "SNMP", meaning: .ignored("halua has no SNMP agent")),
    Flag(
        short: "A", long: "snmp-agent-socket", argument: .required, help: "SNMP",
        meaning: .ignored("halua has no SNMP agent")),
    Flag(
        short: "u", long: "umask", argument: .required, help: "file mode mask",
        meaning: .ignored("every file that halua makes has a mode of its own")),
    Flag(
        short: "m", long: "core-dump", help: "core dumps",
        meaning: .ignored("the service manager's LimitCORE decides")),
    Flag(
        short: "M", long: "core-dump-pattern", argument: .optional, help: "core dumps",
        meaning: .ignored("kernel.core_pattern decides")),
    Flag(short: "L", long: "mem-check-log", help: "memory log", meaning: .ignored("it is keepalived's debugging aid")),
    Flag(
        short: nil, long: "no-mem-check", help: "memory log", meaning: .ignored("it is keepalived's debugging aid")),
    Flag(
        short: nil, long: "flush-log-file", help: "flush the log at once", meaning: .ignored("halua always does")),
    Flag(
        short: nil, long: "debug", argument: .optional, help: "debugging", meaning: .ignored("-D logs details")),
    Flag(
        short: nil, long: "perf", argument: .optional, help: "profiling",
        meaning: .ignored("perf(1) attaches to the running daemon")),
]

/// keepalived's names of what a signal does.
private let signal: @Sendable (inout Options, String?) -> String? = { options, name in
    switch name {
    case "STOP": options.command = .printSignal(15)
    case "RELOAD": options.command = .printSignal(1)
    case "JSON": return "no signal writes a file: ask with \"halua status --keepalived-json\""
    case "DATA", "STATS", "STATS_CLEAR", "TDATA":
        return "no signal writes a file: ask with \"halua status\" or \"halua metrics\""
    default: return "expected STOP or RELOAD"
    }
    return nil
}

/// What `--help` prints.
package let helpText: String = {
    var text = """
        Usage: haluad [options]
        A VRRP failover daemon, scripted in Lua. Reads keepalived's configuration language.
        Without -f it reads /etc/halua/halua.conf and /etc/halua/conf.d/*.conf.


        """
    for flag in flags {
        guard case .set = flag.meaning else { continue }
        let short = flag.short.map { "-\($0), " } ?? "    "
        let value =
            switch flag.argument {
            case .none: ""
            case .optional: "[=VALUE]"
            case .required: " VALUE"
            }
        let head = "  \(short)--\(flag.long)\(value)"
        text += head + String(repeating: " ", count: max(2, 34 - head.count)) + flag.help + "\n"
    }
    text += "\nSignals: HUP reads the configuration again, TERM and INT stop (priority 0, addresses removed).\n"
    text += "USR1 begins a new log file.\n"
    text +=
        "--release-addresses is for a unit's ExecStopPost, with the -f, -i, -p, -s, -V and --control of ExecStart.\n"
    text += "keepalived's other flags are accepted and said to do nothing.\n"
    return text
}()
