/// The result of reading a configuration: typed values with keepalived's defaults filled in, nothing of the text left
/// but the places that later messages must name.
import Wire

/// A place in a configuration file, for messages: "halua.conf:12:5".
package struct SourceLocation: Hashable, Sendable {
    package var file: String
    /// From 1.
    package var line: Int
    /// From 1, in characters.
    package var column: Int

    package init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }
}

package struct Configuration: Hashable, Sendable {
    package var global = GlobalSettings()
    package var instances: [InstanceSettings] = []
    package var syncGroups: [SyncGroupSettings] = []
    package var plugins: [PluginSettings] = []
    package var trackProcesses: [TrackProcessSettings] = []
    /// `vrrp_script` blocks that bridge to Lua (`lua plugin.check`), by their name.
    package var luaScripts: [LuaScriptSettings] = []
    /// `vrrp_script` blocks that run a program.
    package var scripts: [ScriptSettings] = []

    package init() {}
}

package struct GlobalSettings: Hashable, Sendable {
    /// nil: the host name.
    package var routerID: String?
    package var startupDelay: Duration = .zero
    /// max_auto_priority and friends are known and warned about; these two are done.
    package var realTimePriority: Int?
    package var processPriority: Int?
    /// vrrp_no_swap
    package var locksMemory = false
    /// Pause between two gratuitous ARPs (and between two neighbour advertisements) on one interface.
    package var garpInterval: Duration = .zero
    package var gnaInterval: Duration = .zero
    package var multicastGroup4 = IPv4Address(rawValue: 0xE000_0012)
    package var multicastGroup6 = IPv6Address(high: 0xFF02_0000_0000_0000, low: 0x12)
    /// dynamic_interfaces: a missing interface is FAULT and not an error.
    package var dynamicInterfaces = false
    /// log_unknown_vrids
    package var logsUnknownVirtualRouters = true
    package var lua = LuaSettings()
    package var scripts = ScriptDefaults()
    /// What instances take that say nothing else.
    package var guardSettings = GuardSettings()
    /// UDP port of the guard channel.
    package var guardPort: UInt16 = 3768
    /// event_journal; nil: nothing is said.
    package var journal: JournalChoice?

    package init() {}
}

/// Where the daemon writes what has happened.
package enum JournalChoice: Hashable, Sendable {
    case off
    case file(JournalSettings)
}

package struct JournalSettings: Hashable, Sendable {
    package var path: String
    /// Octets after which a new file begins.
    package var fileLimit = 4 << 20
    /// Files that are kept, the one that is written among them.
    package var files = 4

    package init(path: String) { self.path = path }
}

package struct VirtualAddress: Hashable, Sendable {
    package var address: IPAddress
    /// /32 or /128 when the line gives none, as keepalived does.
    package var prefixLength: UInt8
    /// nil: the instance's interface.
    package var interface: String?
    package var label: String?
    package var broadcast: IPAddress?
    package var scope: UInt8?
    package var location: SourceLocation

    package init(address: IPAddress, prefixLength: UInt8, location: SourceLocation) {
        self.address = address
        self.prefixLength = prefixLength
        self.location = location
    }
}

package struct UnicastPeer: Hashable, Sendable {
    package var address: IPAddress
    package var minimumTTL: UInt8?
    package var maximumTTL: UInt8?

    package init(address: IPAddress) { self.address = address }
}

/// `track_interface { eth1 weight -20 }`
package struct TrackedInterface: Hashable, Sendable {
    package var name: String
    /// 0: FAULT while down.
    package var weight: Int
    package var isReversed: Bool

    package init(name: String, weight: Int, isReversed: Bool) {
        self.name = name
        self.weight = weight
        self.isReversed = isReversed
    }
}

/// One line of `track_lua`, or a `track_script` line whose script is a Lua check. nil: the plugin's own value.
package struct TrackedLuaCheck: Hashable, Sendable {
    /// "plugin.check"
    package var name: String
    package var weight: Int?
    package var isReversed: Bool
    package var interval: Duration?
    package var timeout: Duration?
    package var rise: Int?
    package var fall: Int?
    package var startsFailed: Bool
    package var location: SourceLocation

    package init(name: String, location: SourceLocation) {
        self.name = name
        self.location = location
        self.isReversed = false
        self.startsFailed = false
    }
}

/// `track_process NAME [weight n [reverse]]` of an instance.
package struct TrackedProcess: Hashable, Sendable {
    package var name: String
    package var weight: Int?
    package var isReversed: Bool
    package var location: SourceLocation

    package init(name: String, location: SourceLocation) {
        self.name = name
        self.location = location
        self.isReversed = false
    }
}

/// garp_* of an instance; nil everywhere: the global value, else keepalived's default.
package struct AnnounceSettings: Hashable, Sendable {
    package var delay: Duration = .seconds(5)
    package var repetitions: Int = 5
    package var refresh: Duration = .zero
    package var refreshRepetitions: Int = 1
    package var lowerPriorityDelay: Duration?
    package var lowerPriorityRepetitions: Int?

    package init() {}
}

package struct InstanceSettings: Hashable, Sendable {
    package var name: String
    package var location: SourceLocation
    package var interface: String = ""
    package var virtualRouterID: UInt8 = 0
    package var priority: UInt8 = 100
    package var version: VRRPVersion = .v2
    /// The family of the addresses, which is the family of the adverts.
    package var family: AddressFamily = .ipv4
    package var interval: Duration = .seconds(1)
    package var startsAsMaster = false
    package var preempts = true
    package var preemptDelay: Duration = .zero
    package var downTimerAdverts = 3
    package var authentication: Authentication = .none
    package var addresses: [VirtualAddress] = []
    /// virtual_ipaddress_excluded: set and announced, but not in the advert.
    package var excludedAddresses: [VirtualAddress] = []
    /// mcast_src_ip or unicast_src_ip
    package var sourceAddress: IPAddress?
    package var unicastPeers: [UnicastPeer] = []
    package var unicastTTL: UInt8 = 255
    package var checksUnicastSource = true
    /// mcast_dst_ip
    package var multicastDestination: IPAddress?
    package var announce = AnnounceSettings()
    package var answersLowerPriority = true
    package var sendsAdvertToHigherPriority = false
    /// skip_check_adv_addr is accepted; halua never drops for a different list unless strict.
    package var skipsAddressListCheck = false
    package var isStrict = false
    /// v3_checksum_as_v2: RFC 9568's form over IPv4.
    package var sendsMessageChecksum = false
    package var tracksOwnInterface = true
    package var trackedInterfaces: [TrackedInterface] = []
    package var trackedChecks: [TrackedLuaCheck] = []
    package var trackedProcesses: [TrackedProcess] = []
    package var promotionGates: [PromotionGate] = []
    package var trackedScripts: [TrackedScript] = []
    package var notify = NotifySettings()
    /// Complete: what the instance doesn't say is taken from `global_defs`.
    package var guardSettings = GuardSettings()

    package init(name: String, location: SourceLocation) {
        self.name = name
        self.location = location
    }
}

package struct SyncGroupSettings: Hashable, Sendable {
    package var name: String
    /// Names of instances.
    package var members: [String]
    package var trackedInterfaces: [TrackedInterface] = []
    package var trackedChecks: [TrackedLuaCheck] = []
    package var trackedProcesses: [TrackedProcess] = []
    package var trackedScripts: [TrackedScript] = []
    package var notify = NotifySettings()
    package var location: SourceLocation

    package init(name: String, members: [String], location: SourceLocation) {
        self.name = name
        self.members = members
        self.location = location
    }
}

/// `lua_plugin FILE [as NAME] { option value … }`
package struct PluginSettings: Hashable, Sendable {
    /// The file to look for, without `.lua`.
    package var file: String
    /// What its checks are called by: the file's name unless `as` says otherwise.
    package var name: String
    package var options: [PluginOption]
    package var location: SourceLocation

    package init(file: String, name: String, options: [PluginOption], location: SourceLocation) {
        self.file = file
        self.name = name
        self.options = options
        self.location = location
    }
}

/// One option line: a key and its words, typed later by the plugin's own schema.
package struct PluginOption: Hashable, Sendable {
    package var key: String
    package var values: [String]
    package var location: SourceLocation

    package init(key: String, values: [String], location: SourceLocation) {
        self.key = key
        self.values = values
        self.location = location
    }
}

/// `vrrp_track_process NAME { process … quorum … delay … }`
package struct TrackProcessSettings: Hashable, Sendable {
    package var name: String
    /// The process name, or its full command line split at spaces when `matchesArguments`.
    package var command: [String]
    package var matchesArguments = false
    package var weight = 0
    package var quorum = 1
    package var quorumMaximum: Int?
    /// Delays before a fork or an exit counts.
    package var forkDelay: Duration = .zero
    package var terminateDelay: Duration = .zero
    package var location: SourceLocation

    package init(name: String, command: [String], location: SourceLocation) {
        self.name = name
        self.command = command
        self.location = location
    }
}

/// `vrrp_script NAME { lua plugin.check … }`: keepalived's block, halua's check.
package struct LuaScriptSettings: Hashable, Sendable {
    package var name: String
    package var check: TrackedLuaCheck

    package init(name: String, check: TrackedLuaCheck) {
        self.name = name
        self.check = check
    }
}
