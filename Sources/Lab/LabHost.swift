/// One simulated host: its daemon and other programs, its cable, its firewall, and the addresses it holds.
import CLinux
import Glibc
import LinuxIO

package final class LabHost: Sendable {
    package let name: String
    /// Its own IPv4 address on eth0.
    package let address: String
    package let namespaces: Namespaces
    /// Its configuration file, control socket and logs.
    package let folder: String
    private let switches: Namespaces
    private let interfaces: [String]
    private let programs: LabPrograms
    private let running = Lock<[LabProcess]>([])

    init(
        _ name: String, address: String, namespaces: Namespaces, switches: Namespaces, interfaces: [String],
        folder: String, programs: LabPrograms
    ) throws(LabError) {
        self.name = name
        self.address = address
        self.namespaces = namespaces
        self.switches = switches
        self.interfaces = interfaces
        self.folder = folder
        self.programs = programs
        try makeFolder(folder)
    }

    /// Ends all its programs and takes the host out of the network.
    func close() {
        for process in running.withLock({ $0 }) { process.terminate() }
        namespaces.close()
    }

    // MARK: Daemon

    package var configurationPath: String { "\(folder)/keepalived.conf" }
    package var controlSocketPath: String { "\(folder)/control.sock" }

    package func write(configuration: String) throws(LabError) { try writeFile(configurationPath, configuration) }

    /// Writes a file beside the configuration, for one that includes it.
    package func write(file name: String, _ text: String) throws(LabError) { try writeFile("\(folder)/\(name)", text) }

    /// Writes `configuration`, if given, and starts the daemon in the foreground with its log on its output.
    package func start(
        _ subject: Subject, configuration: String? = nil, arguments: [String] = [], environment: [String] = []
    ) throws(LabError) -> LabProcess {
        if let configuration { try write(configuration: configuration) }
        var words = [subject.daemonName, "-f", configurationPath, "-n", "-l", "-D"]
        switch subject {
        case .halua: words += ["--control", controlSocketPath]
        case .keepalived: words += ["-p", "\(folder)/keepalived.pid", "-r", "\(folder)/vrrp.pid"]
        }
        return try start(programs.daemon(of: subject), arguments: words + arguments, environment: environment)
    }

    /// Starts the stand-in for Mycat, whose argument list is a Java machine's; `wrapped`: by a stand-in for its wrapper.
    package func startMycat(
        _ settings: MycatSettings = MycatSettings(), wrapped: Bool = false
    ) throws(LabError) -> LabProcess {
        var settings = settings
        settings.troubleFile = troublePath
        if access(troublePath, F_OK) != 0 { try set(.none) }
        return try wrapped
            ? startPart(.wrapper, arguments: wrapperArguments, environment: [settings.environment])
            : startPart(.mycat, arguments: settings.arguments, environment: [settings.environment])
    }

    private var troublePath: String { "\(folder)/trouble" }

    /// Lets this host's stand-in for Mycat fail in that way from now on, or be well again.
    package func set(_ trouble: MycatTrouble) throws(LabError) { try writeFile(troublePath, trouble.rawValue) }

    /// Starts the stand-in for a database behind Mycat.
    package func startBackend() throws(LabError) -> LabProcess { try startPart(.backend, arguments: backendArguments) }

    /// Starts halua's tool in one of the parts that it plays in a lab.
    func startPart(
        _ role: LabRole, arguments: [String], environment: [String] = []
    ) throws(LabError) -> LabProcess {
        try start(
            programs.halua, arguments: arguments,
            environment: ["\(LabRole.variable)=\(role.rawValue)"] + environment, log: role.rawValue)
    }

    /// Starts a program in this host. `arguments` includes the zeroth; `log` names its output file.
    package func start(
        _ path: String, arguments: [String], environment: [String] = [], log: String? = nil
    ) throws(LabError) -> LabProcess {
        let process = try LabProcess(
            path, arguments: arguments, environment: environment, in: namespaces,
            log: "\(folder)/\(log ?? arguments[0]).log")
        running.withLock { $0.append(process) }
        return process
    }

    /// Runs a program in this host to its end and returns what it printed; throws that when it fails.
    @discardableResult
    package func run(_ words: [String], input: String = "") throws(LabError) -> String {
        try namespaces.inside { () throws(LabError) in try runCommand(words, input: input) }
    }

    // MARK: Faults

    /// Pulls or plugs the cable of eth`link`, at the switch: the host sees the carrier go.
    package func setCable(plugged: Bool, link: Int = 0) throws(LabError) {
        let port = "\(name)\(link)"
        try switches.inside { () throws(LabError) in
            try runCommand(["ip", "link", "set", port, plugged ? "up" : "down"])
        }
    }

    /// Cuts this host off from all other isolated hosts, both ways, with every cable plugged; the client reaches both.
    package func setIsolated(_ isolated: Bool, link: Int = 0) throws(LabError) {
        let port = "\(name)\(link)"
        try switches.inside { () throws(LabError) in
            try runCommand(["bridge", "link", "set", "dev", port, "isolated", isolated ? "on" : "off"])
        }
    }

    /// Cuts this host off from everybody, both ways, with its cable plugged: the switch forwards nothing of its port.
    package func setCutOff(_ isCutOff: Bool, link: Int = 0) throws(LabError) {
        let port = "\(name)\(link)"
        try switches.inside { () throws(LabError) in
            try runCommand(["bridge", "link", "set", "dev", port, "state", isCutOff ? "0" : "3"])
        }
    }

    /// The article's fault: this host's firewall drops every multicast packet that comes in.
    package func dropMulticast() throws(LabError) { try drop("meta pkttype multicast drop;") }

    /// As `dropMulticast`, and adverts that are sent to this host alone.
    package func dropAdverts() throws(LabError) { try drop("meta pkttype multicast drop; meta l4proto 112 drop;") }

    private func drop(_ rules: String) throws(LabError) {
        try run(
            ["nft", "-f", "-"],
            input: """
                table inet halua_lab {
                    chain input { type filter hook input priority 0; \(rules) }
                }

                """)
    }

    /// Takes the rules of `dropMulticast` and `dropAdverts` away again.
    package func allowMulticast() throws(LabError) { try run(["nft", "delete", "table", "inet", "halua_lab"]) }

    // MARK: Addresses

    /// True while one of its interfaces has `address`, in any prefix length.
    package func holds(_ address: String) throws(LabError) -> Bool {
        try addresses().contains(address)
    }

    /// The MAC address of its interface on a link, as text.
    package func hardwareAddress(link: Int) throws(LabError) -> String {
        let path = "/sys/class/net/\(interfaces[link])/address"
        let text = try namespaces.inside { () throws(LabError) in readFile(path) }
        guard let text else { throw LabError("\(name): there is no \(path)") }
        return text.trimmingLineEnd
    }

    /// Every address of its interfaces, as text.
    package func addresses() throws(LabError) -> Set<String> {
        try namespaces.inside { () throws(LabError) in
            var list: UnsafeMutablePointer<ifaddrs>?
            try explained { () throws(IOFailure) in try systemCall("getifaddrs") { getifaddrs(&list) } }
            defer { freeifaddrs(list) }
            var found: Set<String> = []
            var next = list
            while let entry = next {
                next = entry.pointee.ifa_next
                if let address = entry.pointee.ifa_addr, let text = addressText(address) { found.insert(text) }
            }
            return found
        }
    }
}

/// The numeric form of an IPv4 or IPv6 socket address without port and interface; nil for other families.
private func addressText(_ address: UnsafePointer<sockaddr>) -> String? {
    let family = Int32(address.pointee.sa_family)
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    let raw = UnsafeRawPointer(address)
    let offset: Int
    switch family {
    case AF_INET: offset = 4
    case AF_INET6: offset = 8
    default: return nil
    }
    guard inet_ntop(family, raw + offset, &text, socklen_t(text.count)) != nil else { return nil }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
