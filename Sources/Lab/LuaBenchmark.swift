/// The benchmark `lua`: adverts of a master while its scripts do the worst that scripts can do.
import Glibc
import LinuxIO

/// Plugins that misbehave in every way that Lua allows. Each registers one check that never comes to an end.
package enum HostilePlugin: String, Hashable, Sendable, CaseIterable {
    case none = "no plugin"
    case loop = "endless loop"
    case protectedLoop = "endless loop in pcall"
    case memory = "eats memory"
    case pattern = "pathological pattern"
    case hugeString = "huge string.rep"

    /// The body of the check.
    var body: String {
        switch self {
        case .none: "return true"
        case .loop: "while true do end"
        case .protectedLoop: "while true do pcall(function() while true do end end) end"
        case .memory: "local t = {} while true do t[#t + 1] = (\"x\"):rep(1024 * #t) end"
        case .pattern: "return (\"a\"):rep(28):find((\"a?\"):rep(28) .. (\"a\"):rep(28)) ~= nil"
        case .hugeString: "return #(\"\"):rep(1e15) == 0"
        }
    }

    var source: String {
        "halua.check { name = \"hostile\", interval = \"100ms\", run = function() \(body) end }\n"
    }
}

func runLuaBenchmark(_ options: BenchmarkOptions, _ subjects: [Subject]) throws -> Bool {
    guard subjects.contains(.halua) else { throw LabError("keepalived has no Lua: this benchmark needs haluad") }
    let interval = Duration.milliseconds(100)
    print("### Hostile scripts: one master, VRRPv3, \(interval.shortText), over \(options.span.shortText) each\n")
    var table = Table(["script", "sent of due", "off by p50", "p99", "longest gap", "in limit", "RSS"])
    var passed = true
    for plugin in HostilePlugin.allCases {
        progress("lua \(plugin.rawValue)")
        try Lab.with(["sender", "receiver"], programs: options.programs) { lab in
            let capture = try AdvertCapture(in: lab.hosts[1].namespaces)
            let daemon = try lab.hosts[0].startHostile(plugin, interval: interval)
            guard waitUntil(.seconds(10), { capture.count > 0 }) != nil else {
                throw LabError("haluad did not become master with \(plugin.rawValue)\n" + tail(daemon))
            }
            pause(.seconds(2))
            let start = Clock.realtime
            pause(options.span)
            let end = Clock.realtime
            guard daemon.isRunning else { throw LabError("haluad ended with \(plugin.rawValue)\n" + tail(daemon)) }
            let punctuality = Punctuality(of: capture.sightings(from: start, to: end), interval: interval)
            let due = Double(end - start) / Double(interval.wholeNanoseconds)
            // Two intervals: an advert was left out.
            let kept = punctuality.longestGap > .zero && punctuality.longestGap < interval * 2
            passed = passed && kept
            table.add([
                plugin.rawValue, "\(decimal(Double(punctuality.seen) / due * 100, places: 1)) %",
                punctuality.median.shortText, punctuality.p99.shortText, punctuality.longestGap.shortText,
                kept ? "yes" : "NO", kibibyteText(ProcessCost(of: daemon).resident),
            ])
        }
    }
    print(table.text)
    print("Limit: no advert is left out (the longest gap is under two intervals).\n")
    return passed
}

extension LabHost {
    /// Starts haluad as a master whose only plugin is `plugin`; its check cannot lower the priority to nothing.
    package func startHostile(_ plugin: HostilePlugin, interval: Duration) throws(LabError) -> LabProcess {
        try makeFolder("\(folder)/plugins")
        try write(file: "plugins/hostile.lua", plugin.source)
        var instance = InstanceText()
        instance.version = 3
        instance.priority = 200
        instance.interval = interval
        var definitions = ""
        if plugin != .none {
            definitions = "global_defs {\n    lua_path \(folder)/plugins\n}\n\nlua_plugin hostile {\n}\n\n"
            instance.lines = ["track_lua {", "    hostile.hostile weight -10", "}"]
        }
        return try start(.halua, configuration: definitions + instance.text)
    }
}
