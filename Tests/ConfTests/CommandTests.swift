/// Programs in a configuration: how their lines are taken apart, what they run as, and what is told about them.
import Testing

@testable import KeepalivedConf

@Suite struct CommandTests {
    @Test(
        "a command line is taken apart as keepalived does",
        arguments: [
            (#"/bin/a"#, ["/bin/a"]),
            ("/bin/a  b\tc", ["/bin/a", "b", "c"]),
            (#"/bin/a 'b c' "d 'e"# + #"" f"#, ["/bin/a", "b c", "d 'e", "f"]),
            (#"/bin/a b"c d"'e f'g"#, ["/bin/a", "bc de fg"]),
            (#"/bin/a \"b\ c\" \\"#, ["/bin/a", #""b c""#, #"\"#]),
            (#"/bin/a 'it\'s' "a\tb\x41\101\E""#, ["/bin/a", "it's", "a\tbAA\u{1B}"]),
            (#"/bin/a '' """#, ["/bin/a", "", ""]),
            (#"/bin/a $HOME `b` %{http_code} *"#, ["/bin/a", "$HOME", "`b`", "%{http_code}", "*"]),
        ])
    func words(text: String, expected: [String]) throws {
        #expect(try CommandWords.split(text) == expected)
    }

    @Test("a quote that is never closed, a backslash at the end and an empty command are refused")
    func problems() {
        #expect(throws: CommandWords.Problem.unclosed("'")) { try CommandWords.split("/bin/a 'b") }
        #expect(throws: CommandWords.Problem.nothingEscaped) { try CommandWords.split("/bin/a \\") }
        #expect(throws: CommandWords.Problem.empty) { try CommandWords.split("  ") }
        #expect(throws: CommandWords.Problem.empty) { try CommandWords.split("''") }
    }

    private func notify(_ line: String) -> NotifySettings? {
        load(instance(line)).configuration?.instances.first?.notify
    }

    @Test("a notify line is a command, a user and a group; quotes inside the command group as well")
    func notifyLine() throws {
        let master = try #require(notify(#"notify_master "/etc/a.sh \"x y\" 'z'" www-data adm"#)?.master)
        #expect(master.words == ["/etc/a.sh", "\"x", "y\"", "z"], "an escaped quote is a letter, as in keepalived")
        #expect(master.user == ScriptUser(name: "www-data", group: "adm"))
        let any = try #require(notify(#"notify '/etc/a.sh "x y"' www-data :adm"#)?.any)
        #expect(any.words == ["/etc/a.sh", "x y"])
        #expect(any.user == ScriptUser(name: "www-data", group: "adm", hasSupplementaryGroups: true))
        #expect(notify("notify_stop /etc/a.sh")?.stop?.words == ["/etc/a.sh"])
        #expect(notify("notify_deleted")?.saysDeleted == true)
    }

    @Test("of two notify scripts of one kind the first counts, as in keepalived")
    func firstCounts() throws {
        let result = load(instance("notify_master /a.sh\nnotify_master /b.sh"))
        #expect(result.configuration?.instances.first?.notify.master?.words == ["/a.sh"])
        #expect(result.warnings.first?.contains("the first one counts") == true)
    }

    private func script(_ lines: String) -> (settings: ScriptSettings?, warnings: [String]) {
        let result = load("vrrp_script s {\n\(lines)\n}\n" + instance("track_script {\ns\n}"))
        return (result.configuration?.scripts.first, result.warnings)
    }

    @Test("a vrrp_script has keepalived's defaults, and its timeout is its interval")
    func defaults() throws {
        let plain = try #require(script("script /bin/true").settings)
        #expect(plain.interval == .seconds(1) && plain.timeout == .seconds(1))
        #expect(plain.weight == 0 && plain.rise == 1 && plain.fall == 1 && !plain.startsFailed)
        let other = try #require(script("script /bin/true\ninterval 3\ntimeout 0\nweight -20 reverse").settings)
        #expect(other.timeout == .seconds(3) && other.weight == -20 && other.isReversed)
    }

    @Test("arguments outside the quotes are run too, with a warning that keepalived drops them")
    func unquoted() throws {
        let (settings, warnings) = script("script /usr/bin/killall -0 haproxy")
        #expect(settings?.command.words == ["/usr/bin/killall", "-0", "haproxy"])
        #expect(warnings.count == 1 && warnings[0].contains("keepalived runs \"/usr/bin/killall\" alone"))
    }

    @Test("a command that was written for a shell is told so; one that names a shell is not")
    func shell() {
        #expect(script(#"script "/usr/bin/pgrep java || exit 1""#).warnings.first?.contains("no shell reads") == true)
        #expect(script(#"script "/bin/sh -c 'pgrep java || exit 1'""#).warnings.isEmpty)
        #expect(script(#"script "</dev/tcp/127.0.0.1/8066""#).warnings.isEmpty)
    }

    @Test("a script that nobody tracks is told, and so is what the host says about a command")
    func told() {
        let lonely = load("vrrp_script s {\nscript /bin/true\n}\n" + instance())
        #expect(lonely.warnings.first?.contains("tracked by nobody") == true)
        var host = testHost()
        host.judgeCommand = { command, _ in
            command.words[0] == "/gone.sh" ? ScriptComplaint("there is no /gone.sh", hint: "install it") : nil
        }
        let text = instance("notify_master /gone.sh\nnotify_backup /here.sh")
        let result = loadConfiguration(
            main: "halua.conf", files: MemoryFiles(contents: ["halua.conf": text]), context: host)
        #expect(result.configuration != nil)
        #expect(result.warnings.count == 1)
        #expect(result.warnings.first?.contains("notify_master of VI_1 does NOT run: there is no /gone.sh") == true)
    }

    @Test("security is on unless the file says off, which keepalived does not read")
    func security() {
        func settings(_ lines: String) -> ScriptDefaults? {
            load("global_defs {\n\(lines)\n}\n" + instance()).configuration?.global.scripts
        }
        #expect(settings("")?.demandsSafePaths == true)
        #expect(settings("enable_script_security")?.demandsSafePaths == true)
        #expect(settings("enable_script_security off")?.demandsSafePaths == false)
        #expect(settings("script_user nobody :adm")?.user?.hasSupplementaryGroups == true)
        let once = settings("startup_script_timeout 3\nstartup_script \"/a b\" nobody")?.startup
        #expect(once?.command.words == ["/a", "b"] && once?.timeout == .seconds(3))
        let fifo = settings("vrrp_notify_fifo_script \"/r x\"\nvrrp_notify_fifo /run/f nobody")?.vrrpFIFO
        #expect(fifo?.path == "/run/f" && fifo?.user?.name == "nobody" && fifo?.reader?.words == ["/r", "x"])
    }

    @Test("a comment more above a script changes nothing at a reload, another command does")
    func difference() throws {
        func configuration(_ text: String) throws -> Configuration { try #require(load(text).configuration) }
        let base = "vrrp_script s {\nscript /a\n}\n" + instance("track_script {\ns\n}\nnotify /n")
        let old = try configuration(base)
        #expect(Difference(from: old, to: try configuration("# more\n\n" + base)).isEmpty)
        let other = try configuration(base.replacing("/a", with: "/b").replacing("/n", with: "/m"))
        let steps = Difference(from: old, to: other).steps
        #expect(steps == [.updateScripts, .updateInstance(name: "VI_1", changes: ["notify scripts"])])
    }
}
