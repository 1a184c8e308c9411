/// `virtual_ipaddress` and `unicast_peer`: blocks whose lines are addresses with options.
import Wire

struct AddressLists {
    let findings: Findings

    private var values: ValueReader { ValueReader(findings: findings) }

    func virtualAddresses(_ node: Node, into addresses: inout [VirtualAddress], words: inout [Word]) {
        for entry in entries(of: node, isHead: { Prefix($0.text) != nil }) {
            guard let address = virtualAddress(entry) else { continue }
            addresses.append(address)
            words.append(entry[0])
        }
    }

    func peers(_ node: Node, into peers: inout [UnicastPeer], words: inout [Word]) {
        for entry in entries(of: node, isHead: { IPAddress($0.text) != nil }) {
            guard let address = values.address(entry[0], of: "unicast_peer") else { continue }
            if let kind = address.unusableKind {
                findings.error("\(entry[0].text) is \(kind)", at: entry[0], hint: "name the address of another node")
                continue
            }
            var peer = UnicastPeer(address: address)
            for option in OptionReader(findings: findings).options(entry.dropFirst(), in: .peerLine) {
                let value = values.integer(option.value, of: option.name, 0...255).map { UInt8($0) }
                if option.name == "min_ttl" { peer.minimumTTL = value } else { peer.maximumTTL = value }
            }
            peers.append(peer)
            words.append(entry[0])
        }
    }

    /// The lines of a list. A line with several heads (`{ 10.0.0.1 10.0.0.2 }`) is several entries.
    private func entries(of node: Node, isHead: (Word) -> Bool) -> [[Word]] {
        var result: [[Word]] = []
        for line in node.children ?? [] {
            if line.children != nil {
                findings.error(
                    "\"\(node.keyword.text)\" holds no blocks", at: line.keyword, hint: "write one address per line")
                continue
            }
            var entry: [Word] = []
            var isValue = false
            for word in line.words {
                if !isValue, !entry.isEmpty, isHead(word) {
                    findings.warn(
                        "keepalived reads one address per line and ignores \"\(word.text)\" here", at: word,
                        hint: "halua reads it; put it on a line of its own")
                    result.append(entry)
                    entry = []
                }
                // The word behind an option is its value, even when it looks like an address: `brd 10.0.0.255`.
                isValue = !isValue && !entry.isEmpty && OptionReader.takesValue(word.text)
                entry.append(word)
            }
            result.append(entry)
        }
        return result
    }

    private func virtualAddress(_ entry: [Word]) -> VirtualAddress? {
        let head = entry[0]
        guard let prefix = Prefix(head.text) else {
            reportAddress(head)
            return nil
        }
        if let kind = prefix.address.unusableKind {
            findings.error("\(head.text) is \(kind)", at: head, hint: "a VIP is an address that hosts can reach")
            return nil
        }
        var address = VirtualAddress(address: prefix.address, prefixLength: prefix.length, location: head.location)
        for option in OptionReader(findings: findings).options(entry.dropFirst(), in: .addressLine) {
            apply(option, to: &address)
        }
        return address
    }

    private func reportAddress(_ word: Word) {
        let parts = word.text.split(separator: "/", maxSplits: 1)
        if parts.count == 2, let address = IPAddress(parts[0]) {
            let most = address.family == .ipv4 ? 32 : 128
            findings.error(
                "\"/\(parts[1])\" is not a prefix length", at: word,
                hint: "write /0 to /\(most), or nothing for /\(most)")
        } else if let nearest = Spelling.nearest(to: word.text, among: Keyword.names(in: .addressLine)) {
            findings.error(
                "\"\(word.text)\" stands where an address is expected", at: word,
                hint: "\"\(nearest)\" goes behind the address, on the same line")
        } else {
            _ = values.address(word, of: "virtual_ipaddress")
        }
    }

    private func apply(_ option: LineOption, to address: inout VirtualAddress) {
        let isIPv6 = address.address.family == .ipv6
        if isIPv6, ["brd", "broadcast", "scope", "label"].contains(option.name) {
            findings.warn(
                "\"\(option.name)\" is ignored: an IPv6 address has none", at: option.word,
                hint: "remove it; the address is set")
            return
        }
        switch option.name {
        case "brd", "broadcast": address.broadcast = broadcast(option.value, of: address)
        case "dev": address.interface = values.interfaceName(option.value)
        case "scope": address.scope = scope(option.value)
        case "label":
            guard option.value.text.utf8.count <= 15 else {
                findings.error(
                    "label \"\(option.value.text)\" is longer than 15 characters", at: option.value,
                    hint: "the kernel takes 15; shorten it, as in eth0:vip")
                return
            }
            address.label = option.value.text
        default: preconditionFailure("\(option.name) is marked as working, but nothing reads it.")
        }
    }

    private func broadcast(_ word: Word, of address: VirtualAddress) -> IPAddress? {
        guard case .v4(let host) = address.address else { return nil }
        let hostBits = address.prefixLength >= 32 ? 0 : UInt32.max >> UInt32(address.prefixLength)
        switch word.text {
        case "+": return .v4(IPv4Address(rawValue: host.rawValue | hostBits))
        case "-": return .v4(IPv4Address(rawValue: host.rawValue & ~hostBits))
        default:
            guard let value = values.address(word, of: "brd") else { return nil }
            guard value.family == .ipv4 else {
                findings.error("\(word.text) is no IPv4 address", at: word, hint: "brd takes IPv4, + or -")
                return nil
            }
            return value
        }
    }

    private func scope(_ word: Word) -> UInt8? {
        let names: [String: UInt8] = ["global": 0, "site": 200, "link": 253, "host": 254, "nowhere": 255]
        if let number = names[word.text] { return number }
        guard let number = UInt8(word.text) else {
            findings.error(
                "\"\(word.text)\" is not a scope", at: word, hint: "write global, site, link, host, nowhere or 0 to 255"
            )
            return nil
        }
        return number
    }
}

/// An option behind an entry: `weight -20`, `dev eth1`.
struct LineOption {
    var word: Word
    /// The option itself when it takes no value.
    var value: Word
    var name: String { word.text }
}

struct OptionReader {
    let findings: Findings

    static func takesValue(_ name: String) -> Bool {
        [Keyword.Place.addressLine, .peerLine, .trackLine, .checkLine].contains { place in
            Keyword.find(name, in: place)?.wordCount.lowerBound == 1
        }
    }

    /// The options that work; the others are reported.
    func options(_ words: ArraySlice<Word>, in place: Keyword.Place) -> [LineOption] {
        var result: [LineOption] = []
        var rest = words
        while let word = rest.popFirst() {
            guard let keyword = Keyword.find(word.text, in: place) else {
                let nearest = Spelling.nearest(to: word.text, among: Keyword.names(in: place))
                findings.error(
                    "unknown option \"\(word.text)\"", at: word,
                    hint: nearest.map { "did you mean \"\($0)\"?" }
                        ?? "here may stand \(Keyword.names(in: place).joined(separator: ", "))")
                // The word behind a misspelt option is its value and no option of its own.
                if let nearest, Self.takesValue(nearest) { _ = rest.popFirst() }
                continue
            }
            var option = LineOption(word: word, value: word)
            if keyword.wordCount.lowerBound == 1 {
                guard let value = rest.popFirst() else {
                    findings.error(
                        "\"\(word.text)\" needs a value", at: word, hint: "write \(word.text) \(keyword.arguments)")
                    continue
                }
                option.value = value
            }
            switch keyword.status {
            case .works: result.append(option)
            case .ignored(let what, let meaning), .later(let what, let meaning):
                findings.warn("\"\(word.text)\" is ignored: \(what)", at: word, hint: meaning)
            }
        }
        return result
    }
}
