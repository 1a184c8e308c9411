/// `guard` → settings: in `global_defs` the defaults of all instances, in an instance what differs from them.
import Wire

/// A guard as written, with the places of what rules across statements will have to name.
struct GuardDraft {
    var settings = GuardSettings()
    /// In `global_defs` only.
    var port: UInt16 = 3768
    /// The last value of each keyword that was written here and not inherited.
    var places: [String: Word] = [:]
    /// Parallel to `settings.peers` and `settings.heartbeatInterfaces`, wherever those were written.
    var peerWords: [Word] = []
    var interfaceWords: [Word] = []

    /// What an instance starts from: everything but the places of single words.
    var inherited: GuardDraft {
        var copy = self
        copy.places = [:]
        return copy
    }
}

struct GuardSection {
    let findings: Findings
    let place: Keyword.Place
    /// The reader's context: a key file's octets, or why they are not taken.
    let readKeyFile: @Sendable (String) -> Result<[UInt8], KeyComplaint>

    private var values: ValueReader { ValueReader(findings: findings) }

    /// `guard`, `guard on`, `guard off`, each with or without a block; what the block says comes last.
    func read(_ statement: Statement, into draft: inout GuardDraft) {
        if let isOn = values.boolean(statement) { draft.settings.isOn = isOn }
        guard let children = statement.node.children else { return }
        let checker = StatementChecker(findings: findings)
        var lists: Set<String> = []
        var places: [String: Word] = [:]
        for word in checker.statements(children, in: place, isOneLine: statement.node.isOneLine) {
            warnOfOpposite(word, before: places)
            places[word.name] = word.value
            // A list replaces the inherited one; a second block of the same guard adds to the first.
            let isFirst = word.keyword.shape == .list && lists.insert(word.name).inserted
            let isRead =
                readSwitch(word, &draft.settings) || readDecision(word, &draft.settings)
                || readChannel(word, &draft, startsList: isFirst)
            precondition(isRead, "\(word.name) is marked as working in guard, but nothing reads it.")
        }
        draft.places.merge(places) { _, new in new }
    }

    private func warnOfOpposite(_ statement: Statement, before: [String: Word]) {
        let opposites = ["on": "off", "off": "on", "key": "key_file", "key_file": "key"]
        guard let opposite = opposites[statement.name], let first = before[opposite] else { return }
        findings.warn(
            "\"\(statement.name)\" and \"\(opposite)\" stand in one guard, the last one counts", at: statement.word,
            hint: "remove one; the first is on line \(first.location.line)")
    }

    private func readSwitch(_ statement: Statement, _ settings: inout GuardSettings) -> Bool {
        switch statement.name {
        case "on": settings.isOn = true
        case "off": settings.isOn = false
        case "probe": if let isOn = values.boolean(statement) { settings.probes = isOn }
        case "channel": if let isOn = values.boolean(statement) { settings.hasChannel = isOn }
        case "dead_man": if let isOn = values.boolean(statement) { settings.hasDeadMan = isOn }
        default: return false
        }
        return true
    }

    private func readDecision(_ statement: Statement, _ settings: inout GuardSettings) -> Bool {
        switch statement.name {
        case "hold_max":
            if let span = values.duration(statement.value, of: "hold_max", atMost: .seconds(600)) {
                settings.holdMaximum = span
            }
        case "release_grace":
            if let number = values.integer(statement, 0...10_000) { settings.releaseGrace = .milliseconds(number) }
        case "foreign_claim":
            if let choice: GuardSettings.ForeignClaim = values.choice(statement) {
                settings.foreignClaim = choice
            }
        case "deaf_peer":
            if let choice: GuardSettings.DeafPeer = values.choice(statement) {
                settings.deafPeer = choice
            }
        case "tap": if let choice: GuardSettings.Tap = values.choice(statement) { settings.tap = choice }
        case "fence": if let choice: GuardSettings.Fence = values.choice(statement) { settings.fence = choice }
        default: return false
        }
        return true
    }

    private func readChannel(_ statement: Statement, _ draft: inout GuardDraft, startsList: Bool) -> Bool {
        switch statement.name {
        case "port": if let number = values.integer(statement, 1...65_535) { draft.port = UInt16(number) }
        case "key": readKey(statement, &draft.settings)
        case "key_file": readKeyFile(statement, &draft.settings)
        case "peers": readPeers(statement.node, &draft, startsList: startsList)
        case "heartbeat_interfaces": readInterfaces(statement.node, &draft, startsList: startsList)
        default: return false
        }
        return true
    }

    private func readKey(_ statement: Statement, _ settings: inout GuardSettings) {
        if let comment = statement.node.attachedComment {
            findings.add(
                .warning, "a comment begins here, in the middle of what looks like the key", at: comment,
                hint: "put the key into double quotes if # or ! belongs to it")
        }
        settle(Array(statement.value.text.utf8), of: "the key", statement.value, &settings)
    }

    private func readKeyFile(_ statement: Statement, _ settings: inout GuardSettings) {
        let path = statement.value.text
        guard path.hasPrefix("/") else {
            findings.error(
                "\"\(path)\" is not an absolute path", at: statement.value,
                hint: "write it from the root: /etc/halua/guard.key")
            return
        }
        switch readKeyFile(path) {
        case .success(let octets):
            let isLineBreak = { (octet: UInt8) in octet == UInt8(ascii: "\n") || octet == UInt8(ascii: "\r") }
            let key = octets.count - octets.reversed().prefix(while: isLineBreak).count
            settle(Array(octets.prefix(key)), of: path, statement.value, &settings)
        case .failure(let complaint):
            findings.error("key_file is not taken: \(complaint.text)", at: statement.value, hint: complaint.hint)
        }
    }

    private func settle(_ octets: [UInt8], of source: String, _ word: Word, _ settings: inout GuardSettings) {
        let hint = "choose \(GuardKey.shortest) octets or more: openssl rand -base64 32"
        guard !octets.isEmpty else {
            findings.error("\(source) is empty", at: word, hint: hint)
            return
        }
        if octets.count < GuardKey.shortest {
            findings.warn("\(source) has \(octets.count) octets, which can be guessed", at: word, hint: hint)
        }
        settings.key = GuardKey(octets)
    }

    private func readPeers(_ node: Node, _ draft: inout GuardDraft, startsList: Bool) {
        if startsList {
            draft.settings.peers = []
            draft.peerWords = []
        }
        for word in entries(of: node) {
            guard let address = values.address(word, of: "peers") else { continue }
            if let kind = address.unusableKind {
                findings.error("\(word.text) is \(kind)", at: word, hint: "name the address of another node")
                continue
            }
            if isNamed(word, address, in: zip(draft.settings.peers, draft.peerWords)) { continue }
            draft.settings.peers.append(address)
            draft.peerWords.append(word)
        }
    }

    private func readInterfaces(_ node: Node, _ draft: inout GuardDraft, startsList: Bool) {
        if startsList {
            draft.settings.heartbeatInterfaces = []
            draft.interfaceWords = []
        }
        for word in entries(of: node) {
            guard let name = values.interfaceName(word) else { continue }
            if isNamed(word, name, in: zip(draft.settings.heartbeatInterfaces, draft.interfaceWords)) { continue }
            draft.settings.heartbeatInterfaces.append(name)
            draft.interfaceWords.append(word)
        }
    }

    /// Warns of an entry that stands in its list already.
    private func isNamed<Entry: Equatable>(_ word: Word, _ entry: Entry, in list: Zip2Sequence<[Entry], [Word]>) -> Bool
    {
        guard let (_, before) = list.first(where: { $0.0 == entry }) else { return false }
        findings.warn(
            "\(word.text) is named twice", at: word, hint: "remove one; the first is on line \(before.location.line)")
        return true
    }

    /// The words of a list, on one line or on several.
    private func entries(of node: Node) -> [Word] {
        (node.children ?? []).flatMap { line -> [Word] in
            guard line.children == nil else {
                findings.error(
                    "\"\(node.keyword.text)\" holds no blocks", at: line.keyword, hint: "write one entry per line")
                return []
            }
            return line.words
        }
    }
}
