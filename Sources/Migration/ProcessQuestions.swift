/// `killall -0`, `pidof`, `pgrep`, `ps -C`, `kill -0`, `systemctl is-active`.

enum ProcessQuestions {
    static func read(_ pipeline: [[String]]) -> Proposal? {
        let words = pipeline[0]
        let arguments = words.dropFirst()
        switch Words.name(words[0]) {
        case "killall", "pkill": return signal(Array(arguments), Words.name(words[0]), pipeline)
        case "pidof":
            return named(CommandOptions(arguments, taking: ["-o", "-S"], alone: ["-s", "-x", "-c", "-q"]), pipeline)
        case "pgrep": return pgrep(arguments, pipeline)
        case "kill": return pidFile(arguments)
        case "ps": return list(Array(arguments), pipeline)
        case "systemctl": return unit(arguments, pipeline)
        case "service": return service(Array(arguments), pipeline)
        default: return nil
        }
    }

    /// The name as the kernel has it, or the program's path.
    private static func process(_ name: String) -> Proposal {
        var proposal = Proposal("process", "running")
        if name.hasPrefix("/") {
            proposal.add("exe", name)
        } else {
            proposal.add("name", String(name.prefix(15)))
            if name.count > 15 { proposal.notes.append("the kernel keeps 15 octets of a name") }
        }
        proposal.notes.append(
            "the kernel tells the end of the process at once; zombies and stopped processes do not count")
        switch Words.name(name) {
        case "haproxy":
            proposal.notes.append("the plugin haproxy asks the stats socket, which a hanging HAProxy does not answer")
        case "nginx", "httpd", "apache2":
            proposal.notes.append("the plugin http asks for a page, which a hanging server does not send")
        case "mysqld", "mariadbd":
            proposal.notes.append("the plugin mysql logs in and asks, which a hanging server does not answer")
        case "java":
            proposal.notes.append(
                "java is every JVM of this host: give cmdline with the main class instead of name, or for Mycat load the plugin mycat"
            )
        default: break
        }
        return proposal
    }

    private static func named(_ options: CommandOptions, _ pipeline: [[String]]) -> Proposal? {
        guard options.unknown == nil, options.rest.count == 1, onlyFilters(pipeline) else { return nil }
        return process(options.rest[0])
    }

    /// What may come behind a list of processes without changing what is asked.
    private static func onlyFilters(_ pipeline: [[String]]) -> Bool {
        pipeline.dropFirst().allSatisfy { Words.name($0[0]) == "grep" && ($0.contains("-v") || $0.contains("-q")) }
    }

    private static func signal(_ arguments: [String], _ program: String, _ pipeline: [[String]]) -> Proposal? {
        var arguments = arguments
        if let flag = arguments.firstIndex(where: { $0 == "-0" || $0 == "-s0" }) {
            arguments.remove(at: flag)
        } else if let flag = arguments.firstIndex(where: { $0 == "-s" || $0 == "--signal" }),
            arguments.count > flag + 1, arguments[flag + 1] == "0"
        {
            arguments.removeSubrange(flag...(flag + 1))
        } else {
            return nil
        }
        if program == "pkill" { return pgrep(arguments[...], pipeline) }
        return named(CommandOptions(arguments, taking: [], alone: ["-q", "-e", "--quiet", "--exact"]), pipeline)
    }

    private static func pgrep(_ arguments: ArraySlice<String>, _ pipeline: [[String]]) -> Proposal? {
        let options = CommandOptions(
            arguments, taking: ["-u", "-U"],
            alone: ["-x", "-f", "-q", "-l", "-c", "-o", "-n", "-a", "--exact", "--full"])
        guard options.unknown == nil, options.rest.count == 1, onlyFilters(pipeline) else { return nil }
        let pattern = options.rest[0]
        guard pattern.allSatisfy({ $0.isLetter || $0.isNumber || "._/-".contains($0) }) else { return nil }
        guard options.has("-f", "--full") else {
            var proposal = process(pattern)
            if !options.has("-x", "--exact") {
                proposal.notes.append("pgrep finds \"\(pattern)\" within names, too; the plugin takes the whole name")
            }
            return proposal
        }
        var proposal = Proposal("process", "running")
        proposal.add("cmdline", pattern)
        proposal.notes.append(
            "cmdline is a whole argument of the process; pgrep -f finds it within arguments, too, also in an editor that has such a file open"
        )
        if pattern.lowercased().contains("mycat") {
            proposal.notes.append("the plugin mycat knows five levels of Mycat's health")
        }
        return proposal
    }

    private static func pidFile(_ arguments: ArraySlice<String>) -> Proposal? {
        guard arguments.first == "-0" || Array(arguments.prefix(2)) == ["-s", "0"], let last = arguments.last,
            last.hasPrefix("$(cat "), last.hasSuffix(")")
        else { return nil }
        var proposal = Proposal("process", "running")
        proposal.add("pidfile", String(last.dropFirst(6).dropLast()))
        return proposal
    }

    /// `ps -C NAME`, `ps aux | grep NAME | grep -v grep`.
    private static func list(_ arguments: [String], _ pipeline: [[String]]) -> Proposal? {
        if let flag = arguments.firstIndex(of: "-C"), arguments.count > flag + 1, onlyFilters(pipeline) {
            return process(arguments[flag + 1])
        }
        let filters = pipeline.dropFirst().filter { !$0.contains("-v") }
        guard filters.count == 1, Words.name(filters[0][0]) == "grep",
            let pattern = filters[0].dropFirst().first(where: { !$0.hasPrefix("-") }),
            pattern.allSatisfy({ $0.isLetter || $0.isNumber || "._/-".contains($0) })
        else { return nil }
        var proposal = process(pattern)
        proposal.notes.append(
            "grep finds \"\(pattern)\" in every command line; the plugin takes a process of that name: check that it is the name that \"ps -eo comm\" shows"
        )
        return proposal
    }

    private static func unit(_ arguments: ArraySlice<String>, _ pipeline: [[String]]) -> Proposal? {
        let options = CommandOptions(arguments, taking: [], alone: ["-q", "--quiet", "--no-pager"])
        guard options.unknown == nil, options.rest.count == 2, pipeline.count == 1,
            options.rest[0] == "is-active" || options.rest[0] == "status"
        else { return nil }
        return unit(options.rest[1])
    }

    private static func service(_ arguments: [String], _ pipeline: [[String]]) -> Proposal? {
        guard arguments.count == 2, arguments[1] == "status", pipeline.count == 1 else { return nil }
        return unit(arguments[0])
    }

    private static func unit(_ name: String) -> Proposal {
        var proposal = Proposal("systemd_unit", "active")
        proposal.add("unit", name)
        proposal.notes.append("a unit that reloads counts as active; one that is starting does not")
        return proposal
    }
}
