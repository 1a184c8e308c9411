/// `nc -z`, `/dev/tcp`, `ss | grep`, `redis-cli ping`, HAProxy's socket, `pg_isready`.

enum SocketQuestions {
    static func read(_ pipeline: [[String]]) -> Proposal? {
        let words = pipeline[0]
        if words[0].hasPrefix("</dev/tcp/") {
            let parts = words[0].split(separator: "/")
            return parts.count == 5 ? tcp(String(parts[3]), String(parts[4])) : nil
        }
        switch Words.name(words[0]) {
        case "nc", "ncat", "netcat": return netcat(words.dropFirst(), pipeline)
        case "ss", "netstat", "lsof": return listeners(pipeline)
        case "redis-cli": return redis(words.dropFirst(), pipeline)
        case "pg_isready":
            let options = CommandOptions(words.dropFirst(), taking: ["-h", "-p", "-t", "-U", "-d"], alone: ["-q"])
            guard options.unknown == nil, pipeline.count == 1, options.value("-h")?.hasPrefix("/") != true else {
                return nil
            }
            var proposal = tcp(options.value("-h") ?? "127.0.0.1", options.value("-p") ?? "5432")
            proposal?.notes.append(
                "pg_isready also asks whether the server takes logins; a server that starts up accepts connections and refuses them"
            )
            return proposal
        case "echo", "printf": return haproxy(pipeline)
        default: return nil
        }
    }

    static func tcp(_ host: String, _ port: String) -> Proposal? {
        guard let number = UInt16(port), number > 0 else { return nil }
        var proposal = Proposal("tcp", "connect")
        if host != "127.0.0.1", host != "localhost" { proposal.add("host", host) }
        proposal.add("port", port)
        switch number {
        case 8066, 9066:
            proposal.notes.append("a Mycat? its plugin mycat reads the greeting, which a frozen JVM does not send")
        case 3306:
            proposal.notes.append(
                "the plugin mysql logs in and asks; a frozen server's kernel still accepts connections")
        case 80, 443, 8080:
            proposal.notes.append("the plugin http asks for a page; a frozen server's kernel still accepts connections")
        default:
            proposal.notes.append(
                "with expect, the plugin waits for what the service says; a frozen one's kernel still accepts connections"
            )
        }
        return proposal
    }

    private static func netcat(_ arguments: ArraySlice<String>, _ pipeline: [[String]]) -> Proposal? {
        let options = CommandOptions(
            arguments, taking: ["-w", "-i", "-G", "--wait"], alone: ["-z", "-v", "-n", "-4", "-6", "-t", "--send-only"])
        guard options.unknown == nil, options.has("-z"), options.rest.count == 2, pipeline.count == 1 else {
            return nil
        }
        return tcp(options.rest[0], options.rest[1])
    }

    /// `ss -lnt | grep ':8066 '`, `lsof -i :80`: somebody listens.
    private static func listeners(_ pipeline: [[String]]) -> Proposal? {
        let filters = pipeline.dropFirst().filter { Words.name($0[0]) == "grep" }
        guard filters.count == pipeline.count - 1,
            !pipeline[0].joined().contains("u") || Words.name(pipeline[0][0]) == "lsof"
        else { return nil }
        var ports: Set<String> = []
        let patterns =
            filters.flatMap { $0.dropFirst().filter { !$0.hasPrefix("-") } }
            + pipeline[0].dropFirst().filter { $0.contains(":") }
        for pattern in patterns where pattern.uppercased() != "LISTEN" {
            let digits = pattern.drop { !$0.isNumber }.prefix { $0.isNumber }
            let around = pattern.filter { !$0.isNumber && !" :\\b^$.*<>wsTCPtcpi".contains($0) }
            guard !digits.isEmpty, around.isEmpty else { return nil }
            ports.insert(String(digits))
        }
        guard ports.count == 1, let port = ports.first else { return nil }
        var proposal = tcp("127.0.0.1", port)
        proposal?.notes.insert(
            "a list of sockets shows the port of a frozen service, too, and one of another address; the plugin connects to 127.0.0.1 (host says otherwise)",
            at: 0)
        return proposal
    }

    private static func redis(_ arguments: ArraySlice<String>, _ pipeline: [[String]]) -> Proposal? {
        let options = CommandOptions(arguments, taking: ["-h", "-p", "-a"], alone: [])
        guard options.unknown == nil, options.rest.map({ $0.lowercased() }) == ["ping"] else { return nil }
        guard pipeline.count == 1 || pipeline.count == 2 && pipeline[1].contains("PONG") else { return nil }
        guard var proposal = tcp(options.value("-h") ?? "127.0.0.1", options.value("-p") ?? "6379") else { return nil }
        proposal.notes = []
        let login = options.value("-a").map { "AUTH \($0)\r\n" } ?? ""
        proposal.secret = options.value("-a")
        proposal.options.append(Proposal.Option(key: "send", value: "\(login)PING\r\n", isSecret: !login.isEmpty))
        proposal.add("expect", "+PONG")
        return proposal
    }

    /// `echo "show info" | socat unix-connect:/run/haproxy/admin.sock stdio`
    private static func haproxy(_ pipeline: [[String]]) -> Proposal? {
        guard pipeline.count >= 2,
            pipeline[0].contains(where: { $0.hasPrefix("show ") }) || pipeline[0].contains("show"),
            Words.name(pipeline[1][0]) == "socat",
            let socket = pipeline[1].dropFirst().lazy.compactMap({ word -> String? in
                if word.hasPrefix("/") { return word }
                let parts = word.split(separator: ":", maxSplits: 1)
                return parts.count == 2 && parts[0].lowercased().hasPrefix("unix") ? String(parts[1]) : nil
            }).first
        else { return nil }
        var proposal = Proposal("haproxy", "alive")
        proposal.add("socket", socket)
        return proposal
    }
}
