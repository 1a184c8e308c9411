/// The one table of keywords: every word of keepalived's configuration and of halua's own, where it stands, what it
/// takes, and whether halua does it. The reader, the messages and the manual page are made from it.

package struct Keyword: Hashable, Sendable {
    /// Where a keyword stands: the block around it.
    package enum Place: String, Hashable, Sendable, CaseIterable {
        case top = "the top level"
        case global = "global_defs"
        case instance = "vrrp_instance"
        case authentication = "authentication"
        /// What may follow an address in `virtual_ipaddress`.
        case addressLine = "a line of virtual_ipaddress"
        /// What may follow an address in `unicast_peer`.
        case peerLine = "a line of unicast_peer"
        /// What may follow a name in `track_interface`, `track_script` and `track_process`.
        case trackLine = "a track_* line"
        /// What may follow a check's name in `track_lua`.
        case checkLine = "a line of track_lua"
        case syncGroup = "vrrp_sync_group"
        case script = "vrrp_script"
        case trackProcess = "vrrp_track_process"
        case trackFile = "track_file"
        case trackGroup = "track_group"
        case garpGroup = "garp_group"
        case hmac = "auth_hmac"
        case bfd = "bfd_instance"
        case virtualServer = "virtual_server"
        case realServer = "real_server"
        case checker = "a checker of real_server"
        case url = "url"
        case ssl = "SSL"
        case instanceGuard = "the guard of vrrp_instance"
        case globalGuard = "the guard of global_defs"

        /// Blocks that keepalived does not have.
        var isOwn: Bool { self == .instanceGuard || self == .globalGuard }

        /// "in vrrp_instance", "at the top level".
        var phrase: String { self == .top ? "at \(rawValue)" : "in \(rawValue)" }
    }

    package enum Shape: Hashable, Sendable {
        /// A statement with so many words behind the keyword.
        case words(ClosedRange<Int>)
        /// A block with so many words between the keyword and the `{`.
        case block(ClosedRange<Int>)
        /// The same, but the block may be left out.
        case optionalBlock(ClosedRange<Int>)
        /// A block whose lines are entries and not keywords.
        case list

        package static let flag = Shape.words(0...0)
        /// on/off/true/false/yes/no, or nothing for on.
        package static let bool = Shape.words(0...1)
        package static let one = Shape.words(1...1)
    }

    package enum Status: Hashable, Sendable {
        case works
        /// What halua doesn't do, and what that means for the operator.
        case ignored(String, String)
        /// The same, for what is meant to come.
        case later(String, String)
    }

    package enum Origin: Hashable, Sendable {
        case keepalived
        case halua
    }

    package var name: String
    package var place: Place
    package var shape: Shape
    /// For the manual: "<1-255>".
    package var arguments: String
    /// What holds when the keyword isn't written; empty: nothing to say.
    package var defaultValue: String
    /// One line for the manual.
    package var documentation: String
    package var status: Status
    package var origin: Origin

    /// Every keyword, grouped by place.
    package static let table: [Keyword] =
        topLevel + globalKeywords + instanceKeywords + guardKeywords + blockKeywords + lineKeywords
        + virtualServerKeywords

    private static let index: [Place: [String: Keyword]] = {
        var index: [Place: [String: Keyword]] = [:]
        for keyword in table { index[keyword.place, default: [:]][keyword.name] = keyword }
        return index
    }()

    private static let sortedNames: [Place: [String]] = index.mapValues { $0.keys.sorted() }

    package static func find(_ name: String, in place: Place) -> Keyword? { index[place]?[name] }

    /// The names that may stand in `place`, sorted.
    package static func names(in place: Place) -> [String] { sortedNames[place] ?? [] }

    /// Every name once, sorted.
    static let allNames: [String] = Set(table.map(\.name)).sorted()

    /// Where `name` may stand at all.
    package static func places(of name: String) -> [Place] {
        Place.allCases.filter { index[$0]?[name] != nil }
    }

    /// Whether `name {` can only begin a block at the top level.
    static func opensOnlyAtTop(_ name: String) -> Bool {
        guard let keyword = find(name, in: .top) else { return false }
        switch keyword.shape {
        case .words: return false
        case .block, .optionalBlock, .list: return places(of: name) == [.top]
        }
    }

    /// The shortest and the longest list of words behind the keyword.
    var wordCount: ClosedRange<Int> {
        switch shape {
        case .words(let count), .block(let count), .optionalBlock(let count): count
        case .list: 0...0
        }
    }

    var needsBlock: Bool {
        switch shape {
        case .words, .optionalBlock: false
        case .block, .list: true
        }
    }

    var isBlock: Bool {
        switch shape {
        case .words: false
        case .block, .optionalBlock, .list: true
        }
    }
}

// How the table's rows are written: the place is given once per list.
extension Keyword {
    static func works(
        _ name: String, _ shape: Shape, _ arguments: String = "", default value: String = "",
        by origin: Origin = .keepalived, _ documentation: String
    ) -> Keyword {
        Keyword(
            name: name, place: .top, shape: shape, arguments: arguments, defaultValue: value,
            documentation: documentation, status: .works, origin: origin)
    }

    static func ignored(
        _ name: String, _ shape: Shape, _ arguments: String = "", _ documentation: String, _ why: Why
    ) -> Keyword {
        Keyword(
            name: name, place: .top, shape: shape, arguments: arguments, defaultValue: "",
            documentation: documentation, status: .ignored(why.what, why.meaning), origin: .keepalived)
    }

    static func later(
        _ name: String, _ shape: Shape, _ arguments: String = "", by origin: Origin = .keepalived,
        _ documentation: String, _ why: Why
    ) -> Keyword {
        Keyword(
            name: name, place: .top, shape: shape, arguments: arguments, defaultValue: "",
            documentation: documentation, status: .later(why.what, why.meaning), origin: origin)
    }

    static func list(at place: Place, _ rows: [Keyword]) -> [Keyword] {
        rows.map { row in
            var row = row
            row.place = place
            return row
        }
    }
}

/// Why a keyword has no effect: what halua doesn't do, and what that means for the operator.
struct Why {
    var what: String
    var meaning: String

    init(_ what: String, _ meaning: String) {
        self.what = what
        self.meaning = meaning
    }

    static let virtualServer = Why(
        "halua does not balance load (IPVS)",
        "no service is set up from this block; run it with keepalived or another balancer beside halua")
    static let process = Why(
        "halua is one process with a name of its own", "process names and pid files are the service manager's matter")
    static let snmp = Why("halua speaks no SNMP", "an SNMP manager sees nothing; use \"halua status\" or its metrics")
    static let dbus = Why("halua has no D-Bus interface", "use the control socket: \"halua status\", \"halua events\"")
    static let bfd = Why("halua speaks no BFD", "no BFD session is kept, and nothing that tracks one is affected by it")
    static let firewall = Why(
        "halua sets no firewall rules", "packets to a VIP are never dropped; use accept, which is the default")
    static let buffers = Why(
        "halua sizes its socket buffers itself", "the value has no effect; no known load needs another size")
    static let routes = Why(
        "halua moves addresses only",
        "SERIOUS: these routes or rules will NOT be set when this node becomes MASTER; set them from a plugin")
    static let statics = Why(
        "halua sets no static addresses, routes or rules",
        "they will NOT exist unless the network configuration of the host sets them")
    static let virtualMAC = Why(
        "halua announces VIPs with the interface's own MAC address",
        "at a takeover neighbours learn the new MAC from gratuitous ARPs; no virtual MAC exists")
    static let trackFile = Why(
        "halua does not track files yet",
        "SERIOUS: this check does NOT run; the instance counts as without it. Write it in Lua with halua.file.watch")
    static let otherProcesses = Why("halua has no checker or BFD process", "there is nothing to tune")
    static let dumps = Why("halua writes no dump files", "use \"halua status --json\"")
    static let linkbeat = Why(
        "halua learns of links from the kernel (netlink)",
        "an interface that needs polling is not noticed when it fails")
    static let namespace = Why(
        "halua runs in the network namespace it is started in",
        "start it there: ip netns exec NAME haluad, or NetworkNamespacePath= in its unit")
    static let scheduling = Why(
        "halua chooses its scheduling itself", "the service unit sets limits; vrrp_rt_priority and vrrp_priority work")
    static let reload = Why(
        "halua always checks a new configuration before it takes it",
        "a bad file never replaces a running configuration")
    static let hmac = Why(
        "halua does not sign adverts (auth_hmac)",
        "SERIOUS: adverts go out unsigned, so a peer that demands signatures will not hear this node")
}
