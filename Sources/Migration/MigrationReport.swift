/// The findings as a text for people.
import KeepalivedConf
import Wire

extension Migration {
    /// Sections that have nothing to say are left out. Ends without a line's end.
    package var report: String {
        var lines = ["halua migrate \(installation.mainFile)"]
        lines += installed()
        if readFiles.count > 1 { lines.append("Read: \(readFiles.joined(separator: ", ")).") }
        add("Refused: halua does not start with this file", refused.flatMap(described), to: &lines)
        add("Runs as it is", running(), to: &lines)
        add("Differs, or is not what its writer may think", differing.flatMap(described) + behaviour(), to: &lines)
        add("Ignored", ignored.flatMap(described), to: &lines)
        add("New with halua", news(), to: &lines)
        add("Shell checks that Lua can do", proposals(showsSecrets: false), to: &lines)
        add("Checks that stay programs, and run as before", programs(), to: &lines)
        lines += ["", summary]
        return lines.joined(separator: "\n")
    }

    private func add(_ title: String, _ body: [String], to lines: inout [String]) {
        guard !body.isEmpty else { return }
        lines += ["", title] + body.map { $0.isEmpty ? "" : "  " + $0 }
    }

    private func installed() -> [String] {
        var lines: [String] = []
        if let version = installation.version { lines.append("Installed: \(version).") }
        if let flags = installation.flags {
            lines.append("Flags in \(flags.source): \(flags.words.joined(separator: " ")). haluad understands them.")
            lines += flags.notes.map { "  \($0)" }
        }
        return lines
    }

    private func described(_ diagnostic: Diagnostic) -> [String] {
        let place = "\(diagnostic.location.file):\(diagnostic.location.line)"
        return ["\(place): \(diagnostic.message)"] + (diagnostic.hint.map { ["    \($0)"] } ?? [])
    }

    // MARK: Sections

    private func running() -> [String] {
        guard let configuration else { return [] }
        var lines = configuration.instances.map(described)
        lines += configuration.syncGroups.map { "group \($0.name): \($0.members.joined(separator: " "))" }
        lines += checks.map { check in
            let script = check.script
            return "check \(script.name): \(check.maskedCommand), every \(inWords(script.interval))"
                + ", within \(inWords(script.timeout)), rise \(script.rise), fall \(script.fall), "
                + (script.weight == 0
                    ? "no weight (FAULT while it fails)"
                    : "weight \(script.weight)\(script.isReversed ? " reverse" : "")")
        }
        lines += configuration.trackProcesses.map { "process \($0.name): \($0.command.joined(separator: " "))" }
        lines += configuration.commands.filter { !$0.purpose.hasPrefix("vrrp_script ") }
            .map { "\($0.purpose): \($0.command.words.joined(separator: " "))" }
        return lines
    }

    private func described(_ instance: InstanceSettings) -> String {
        let addresses = (instance.addresses + instance.excludedAddresses).map { "\($0.address)/\($0.prefixLength)" }
        var parts = [
            addresses.isEmpty ? "no address" : addresses.joined(separator: " "), "on \(instance.interface)",
            "VRRPv\(instance.version.rawValue) id \(instance.virtualRouterID)", "priority \(instance.priority)",
            "every \(inWords(instance.interval))",
        ]
        if !instance.preempts { parts.append("nopreempt") }
        if !instance.unicastPeers.isEmpty {
            parts.append("unicast to \(instance.unicastPeers.map { "\($0.address)" }.joined(separator: " "))")
        }
        return "\(instance.name): " + parts.joined(separator: ", ")
    }

    /// What the reader of the file has no reason to warn about, but an upgrader should know.
    private func behaviour() -> [String] {
        guard let configuration else { return [] }
        var lines = scriptsThatStopKeepalived.map {
            "\($0) stops or kills keepalived to give the address up: under halua that ends nobody.\n"
                + "      Let the check fail instead (exit 1, and no weight): the instance goes to FAULT, and back by itself."
        }.flatMap { $0.split(separator: "\n").map(String.init) }
        let runsAsRoot = configuration.global.scripts.user.map { $0.name == "root" } ?? true
        if !configuration.commands.isEmpty, runsAsRoot, !globals.contains("enable_script_security") {
            lines += [
                "enable_script_security is not written: in keepalived it is off, in halua on",
                "    what runs as root must not be changeable by others, or it does not run; script_user USER is the better way",
            ]
        }
        if !(configuration.instances.allSatisfy { $0.notify.commands.isEmpty }
            && configuration.syncGroups.allSatisfy { $0.notify.commands.isEmpty })
        {
            lines += [
                "notify scripts run one at a time, in the order of the changes; keepalived starts all at once",
                "    one that takes longer than notify_timeout (60 s) is ended; at stop they get two seconds",
            ]
        }
        if configuration.instances.contains(where: { !$0.unicastPeers.isEmpty && $0.checksUnicastSource }),
            !globals.contains("vrrp_check_unicast_src")
        {
            lines += [
                "unicast adverts are taken from the listed peers only",
                "    \"check_unicast_src off\" takes all, as keepalived does",
            ]
        }
        return lines
    }

    private func news() -> [String] {
        guard let configuration, !configuration.instances.isEmpty else { return [] }
        var lines: [String] = []
        if configuration.instances.contains(where: \.guardSettings.isOn) {
            lines.append(
                "the nodes speak to each other on UDP port \(configuration.global.guardPort): let it through the firewall, or write \"guard off\""
            )
        }
        if configuration.instances.contains(where: { $0.guardSettings.isOn && $0.guardSettings.hasDeadMan }) {
            lines.append("addresses have a lifetime in the kernel (valid_lft): a daemon that dies loses them by itself")
        }
        lines.append(
            "a reload with a wrong file changes nothing; an unknown keyword refuses the file instead of being skipped")
        if configuration.plugins.contains(where: { $0.file == "mail" }) {
            lines.append("mails are sent by the plugin mail: install it where lua_path says")
        }
        return lines
    }

    /// Text to paste, for each check that a plugin can do.
    private func proposals(showsSecrets: Bool) -> [String] {
        var lines: [String] = []
        for check in checks {
            guard case .lua(let proposal) = check.judgement else { continue }
            if !lines.isEmpty { lines.append("") }
            lines.append("\(check.script.name): \(check.maskedCommand)")
            lines += proposal.notes.map { "    - \($0)" }
            lines += (proposal.block(as: check.pluginName, showsSecrets: showsSecrets) + check.block(proposal)).map {
                "    " + $0
            }
        }
        return lines
    }

    private func programs() -> [String] {
        checks.compactMap { check in
            guard case .program(let why) = check.judgement else { return nil }
            return "\(check.script.name): \(why)"
        }
    }

    private var summary: String {
        guard installation.files.read(installation.mainFile) != nil else { return "The file can't be read." }
        guard refused.isEmpty else {
            return
                "halua refuses this file: \(counted(refused.count, "error")). Correct what is said above and run this again."
        }
        let lua = checks.count { if case .lua = $0.judgement { true } else { false } }
        let differences = differing.count + scriptsThatStopKeepalived.count
        var parts = ["\(counted(differences, "warning")), \(counted(ignored.count, "keyword")) without effect"]
        if !checks.isEmpty { parts.append("\(lua) of \(counted(checks.count, "shell check")) can be Lua") }
        return "halua runs this file: " + parts.joined(separator: "; ") + "."
    }
}

extension Migration.Check {
    /// The command, with its password as dots.
    var maskedCommand: String {
        let text = script.command.words.joined(separator: " ")
        guard case .lua(let proposal) = judgement, let secret = proposal.secret else { return text }
        return text.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "…")
    }

    /// Names of plugins have letters, digits and `_`.
    var pluginName: String {
        let name = script.name.map { $0.isASCII && ($0.isLetter || $0.isNumber) || $0 == "_" ? $0 : "_" }
        return name.first?.isNumber ?? true ? "check_" + String(name) : String(name)
    }

    /// The `vrrp_script` that asks the plugin, with the numbers that the program had.
    func block(_ proposal: Proposal) -> [String] {
        var lines = ["vrrp_script \(script.name) {", "    lua \(pluginName).\(proposal.check)"]
        lines += numbers.map { "    \($0.keyword) \($0.value)" }
        if script.weight != 0 { lines.append("    weight \(script.weight)\(script.isReversed ? " reverse" : "")") }
        if script.startsFailed { lines.append("    init_fail") }
        return lines + ["}"]
    }

    /// What a plugin would choose otherwise.
    var numbers: [(keyword: String, value: String)] {
        [
            ("interval", seconds(script.interval)), ("timeout", seconds(script.timeout)), ("rise", "\(script.rise)"),
            ("fall", "\(script.fall)"),
        ]
    }
}

private func counted(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

private func inWords(_ duration: Duration) -> String { "\(seconds(duration)) s" }

/// As the configuration writes it: "2", "0.5".
func seconds(_ duration: Duration) -> String {
    let parts = duration.components
    let thousandths = parts.attoseconds / 1_000_000_000_000_000
    guard thousandths > 0 else { return "\(parts.seconds)" }
    var digits = "\(thousandths)"
    while digits.count < 3 { digits = "0" + digits }
    while digits.last == "0" { digits.removeLast() }
    return "\(parts.seconds).\(digits)"
}
