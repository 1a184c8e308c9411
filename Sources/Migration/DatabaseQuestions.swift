/// `mysqladmin ping`, `mysql -e …`.

enum DatabaseQuestions {
    static func read(_ pipeline: [[String]]) -> Proposal? {
        let words = pipeline[0]
        let program = Words.name(words[0])
        guard ["mysqladmin", "mysql", "mariadb", "mariadb-admin"].contains(program) else { return nil }
        let options = CommandOptions(
            normalised(words.dropFirst()),
            taking: [
                "-h", "--host", "-P", "--port", "-u", "--user", "--password", "-S", "--socket", "-e", "--execute", "-D",
                "--database", "--connect-timeout", "--connect_timeout", "--protocol",
            ], alone: ["-s", "--silent", "-N", "-B", "-b", "--skip-column-names"])
        guard options.unknown == nil else { return nil }
        var proposal = Proposal("mysql", "alive")
        let host = options.value("-h", "--host") ?? "localhost"
        proposal.add("user", options.value("-u", "--user") ?? "root")
        proposal.add("password", options.value("--password"), isSecret: true)
        if host != "localhost", host != "127.0.0.1" { proposal.add("host", host) }
        if let port = options.value("-P", "--port"), port != "3306" { proposal.add("port", port) }
        proposal.add("socket", options.value("-S", "--socket"))
        proposal.add("database", options.value("-D", "--database"))
        if host == "localhost", options.value("-S", "--socket") == nil {
            proposal.notes.append(
                "localhost is the local socket for \(program); the plugin asks 127.0.0.1, unless socket says otherwise")
        }
        if program.hasSuffix("admin") {
            guard options.rest == ["ping"], alive(pipeline) else { return nil }
            proposal.notes.append(
                "mysqladmin ping takes \"access denied\" for good; the plugin must be able to log in: CREATE USER, no rights needed"
            )
            return proposal
        }
        guard let query = options.value("-e", "--execute"), pipeline.count == 1, options.rest.count <= 1 else {
            return nil
        }
        if let database = options.rest.first { proposal.add("database", database) }
        let statement = query.trimming(";").trimming(" ")
        guard !statement.isEmpty else { return nil }
        if statement.lowercased() != "select 1" { proposal.add("query", statement) }
        if statement.lowercased().contains("slave status") || statement.lowercased().contains("read_only") {
            proposal.notes.append("the plugin has checks of its own for this: \"replication\" and \"writable\"")
        }
        return proposal
    }

    /// `… ping | grep -q alive`
    private static func alive(_ pipeline: [[String]]) -> Bool {
        pipeline.count == 1
            || pipeline.count == 2 && Words.name(pipeline[1][0]) == "grep"
                && pipeline[1].contains { $0.contains("alive") }
    }

    /// `-pSECRET` → `--password=SECRET`; a bare -p would ask a person.
    private static func normalised(_ words: ArraySlice<String>) -> [String] {
        words.map { $0.hasPrefix("-p") && $0.count > 2 ? "--password=\($0.dropFirst(2))" : $0 }
    }
}

extension String {
    /// Without these characters at both ends.
    fileprivate func trimming(_ characters: String) -> String {
        var text = self[...]
        while let last = text.last, characters.contains(last) { text.removeLast() }
        while let first = text.first, characters.contains(first) { text.removeFirst() }
        return String(text)
    }
}
