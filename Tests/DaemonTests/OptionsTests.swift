/// The command line: keepalived's habits must go on working, and mistakes must be said.
import Testing

@testable import Daemon

@Suite struct OptionsTests {
    @Test("the flags of keepalived's usual unit files are understood in every spelling")
    func usualFlags() throws {
        for arguments in [
            ["-n", "-l", "-D", "-f", "/tmp/x.conf"], ["-nlD", "-f/tmp/x.conf"],
            ["--dont-fork", "--log-console", "--log-detail", "--use-file=/tmp/x.conf"],
            ["--dont-fork", "--log-console", "--log-detail", "--use-file", "/tmp/x.conf"], ["-nlDf", "/tmp/x.conf"],
        ] {
            let options = try Options(arguments: arguments)
            #expect(options.staysInForeground && options.logsToConsole && options.logsDetails)
            #expect(options.configurationFile == "/tmp/x.conf")
        }
    }

    @Test("a flag that does nothing here is accepted and says why")
    func ignoredFlags() throws {
        let options = try Options(arguments: ["-P", "-x", "-r", "/run/vrrp.pid"])
        #expect(options.notes.count == 3)
        #expect(options.notes[0] == "-P does nothing here: VRRP is all that halua does")
    }

    @Test("every flag of keepalived 2.2.7 is known")
    func allFlags() throws {
        let short = "fPCBlDSgGXVIRndprcbTasxAmMLuietvh"
        let known = Set(flags.compactMap(\.short))
        for letter in short where letter != "s" { #expect(known.contains(letter), "-\(letter)") }
    }

    @Test(
        "a wrong command line is refused in words",
        arguments: [
            (["-f"], "-f needs a value: read this configuration file"), (["-Z"], "unknown option -Z"),
            (["--nonsense"], "unknown option --nonsense"), (["-S", "9"], "-S 9: expected a number from 0 to 7"),
            (["halua.conf"], "a configuration file is named with -f halua.conf"),
            (["--signum=JSON"], "halua status --keepalived-json"), (["--signum", "DATA"], "no signal writes a file"),
            (["--signum=FOO"], "expected STOP or RELOAD"), (["--control-group"], "--control-group needs a value"),
            (["--dont-fork=yes"], "--dont-fork takes no value"),
        ])
    func refused(arguments: [String], expected: String) {
        #expect(performing: { try Options(arguments: arguments) }, throws: { "\($0)".contains(expected) })
    }

    @Test("scripts learn the signals as from keepalived, and a group is named")
    func signals() throws {
        #expect(try Options(arguments: ["--signum=RELOAD"]).command == .printSignal(1))
        #expect(try Options(arguments: ["--signum", "STOP"]).command == .printSignal(15))
        #expect(try Options(arguments: ["--control-group", "halua-exporter"]).controlGroup == "halua-exporter")
    }

    @Test("-t checks a configuration, with or without a file of its own")
    func configTest() throws {
        #expect(try Options(arguments: ["-t"]).command == .testConfiguration)
        let named = try Options(arguments: ["--config-test=/tmp/y.conf"])
        #expect(named.command == .testConfiguration && named.configurationFile == "/tmp/y.conf")
    }

    @Test("the stop hook takes the options of the daemon that it follows")
    func release() throws {
        let options = try Options(arguments: ["--release-addresses", "-f", "/tmp/z.conf", "-p", "/run/z.pid", "-V"])
        #expect(options.command == .releaseAddresses && options.keepsAddressesAtStop)
        #expect(options.configurationFile == "/tmp/z.conf" && options.pidFile == "/run/z.pid")
    }

    @Test("the fence's tables have a name that nft(8) reads, and each daemon its own")
    func fenceTable() throws {
        #expect(fenceTableName(try Options(arguments: [])) == "halua")
        #expect(fenceTableName(try Options(arguments: ["--control="])) == "halua")
        #expect(fenceTableName(try Options(arguments: ["--control", "/run/a-1/c.sock"])) == "halua__run_a_1_c_sock")
        let long = fenceTableName(try Options(arguments: ["--control", "/" + String(repeating: "Zürich/", count: 90)]))
        #expect(long.utf8.count < 255 && long.utf8.allSatisfy { $0 < 128 })
    }

    @Test("the help names every flag that does something")
    func help() {
        for flag in flags {
            guard case .set = flag.meaning else { continue }
            #expect(helpText.contains("--\(flag.long)"), "--\(flag.long)")
        }
    }
}
