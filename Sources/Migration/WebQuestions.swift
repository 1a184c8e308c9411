/// `curl` and `wget`, with or without a `grep` behind them.

enum WebQuestions {
    static func read(_ pipeline: [[String]]) -> Proposal? {
        let words = pipeline[0]
        guard var proposal = page(words) else { return nil }
        switch pipeline.count {
        case 1: return proposal
        case 2:
            guard Words.name(pipeline[1][0]) == "grep" else { return nil }
            let options = CommandOptions(
                pipeline[1].dropFirst(), taking: ["-e"], alone: ["-q", "-F", "-w", "-s", "-E", "-o", "-c"])
            guard options.unknown == nil, let text = options.value("-e") ?? options.rest.first,
                !text.contains(where: { "*[]^$\\|+?".contains($0) })
            else { return nil }
            if text.count == 3, let status = Int(text), (100...599).contains(status) {
                proposal.options.removeAll { $0.key == "status" || $0.key == "method" }
                proposal.add("status", text)
            } else {
                proposal.add("expect", text)
            }
            return proposal
        default: return nil
        }
    }

    private static func page(_ words: [String]) -> Proposal? {
        switch Words.name(words[0]) {
        case "curl": return curl(words.dropFirst())
        case "wget": return wget(words.dropFirst())
        default: return nil
        }
    }

    private static func curl(_ arguments: ArraySlice<String>) -> Proposal? {
        let options = CommandOptions(
            arguments,
            taking: [
                "-o", "--output", "-m", "--max-time", "--connect-timeout", "-H", "--header", "-u", "--user", "-w",
                "--write-out", "-A", "--user-agent", "--unix-socket", "--cacert", "--retry", "-X", "--request",
            ],
            alone: [
                "-f", "--fail", "-s", "--silent", "-S", "--show-error", "-I", "--head", "-L", "--location", "-k",
                "--insecure", "-4", "-g", "-i",
            ])
        guard options.unknown == nil, options.rest.count == 1 else { return nil }
        let method = options.value("-X", "--request") ?? (options.has("-I", "--head") ? "HEAD" : "GET")
        guard ["GET", "HEAD"].contains(method) else { return nil }
        var proposal = http(options.rest[0])
        if method == "HEAD" { proposal.add("method", "HEAD") }
        if !options.has("-f", "--fail") {
            proposal.add("status", "100-599")
            proposal.notes.append(
                "without -f, curl takes every answer for good, also 500; remove \"status\" for 200-399")
        }
        if options.has("-L", "--location") { proposal.add("follow", "10") }
        proposal.add("headers", options.value("-H", "--header"))
        if let login = options.value("-u", "--user") {
            let parts = login.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            proposal.add("user", parts[0])
            if parts.count > 1 { proposal.add("password", parts[1], isSecret: true) }
        }
        proposal.add("socket", options.value("--unix-socket"))
        proposal.add("ca", options.value("--cacert"))
        if options.has("-k", "--insecure") { proposal.add("verify", "off") }
        noteTimeout(options.value("-m", "--max-time", "--connect-timeout"), "curl", &proposal)
        return proposal
    }

    private static func wget(_ arguments: ArraySlice<String>) -> Proposal? {
        let options = CommandOptions(
            arguments, taking: ["-O", "--output-document", "-T", "--timeout", "-t", "--tries", "-o"],
            alone: ["-q", "--quiet", "--spider", "-S", "--no-check-certificate", "-nv"])
        guard options.unknown == nil, options.rest.count == 1 else { return nil }
        var proposal = http(options.rest[0])
        if options.has("--spider") { proposal.add("method", "HEAD") }
        proposal.add("follow", "10")
        if options.has("--no-check-certificate") { proposal.add("verify", "off") }
        noteTimeout(options.value("-T", "--timeout"), "wget", &proposal)
        return proposal
    }

    private static func http(_ url: String) -> Proposal {
        var proposal = Proposal("http", "answer")
        proposal.add("url", url.contains("://") ? url : "http://\(url)")
        return proposal
    }

    private static func noteTimeout(_ seconds: String?, _ program: String, _ proposal: inout Proposal) {
        guard let seconds else { return }
        proposal.notes.append("\(program) waits \(seconds) s at most; in halua the timeout of the check counts")
    }
}
