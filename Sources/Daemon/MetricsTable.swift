/// What `halua metrics` prints: everything that is counted, as Prometheus text.
///
/// Instances are in InstanceMetrics.swift, the guard in Guard/GuardMetrics.swift.
import ControlProtocol
import LinuxIO
import LuaHost
import VRRPCore

/// The metrics that scripts have told of. Lives on the main thread.
package struct MetricsTable {
    private struct Key: Hashable {
        var plugin: String
        var name: String
    }

    private var families: [Key: MetricFamily] = [:]

    package init() {}

    package mutating func apply(_ changed: [MetricFamily], replacesAll: Bool) {
        if replacesAll { families = [:] }
        for family in changed { families[Key(plugin: family.plugin, name: family.name)] = family }
    }

    /// Sorted by the names they go by outside.
    package var all: [MetricFamily] {
        families.values.sorted { ($0.exportedName, $0.plugin) < ($1.exportedName, $1.plugin) }
    }
}

extension MetricFamily {
    /// Plugins choose names freely; none of them is one of halua's own.
    var exportedName: String { plugin.isEmpty ? "halua_\(name)" : "halua_plugin_\(name)" }
}

/// The text format that Prometheus reads (version 0.0.4).
package struct MetricsText {
    package private(set) var text = ""
    /// What was begun last: one name has one kind, and stands in one place.
    private var name = ""
    private var kind = MetricKind.gauge

    package init() {}

    package mutating func add(_ family: MetricFamily) {
        let name = family.exportedName
        if name != self.name {
            self.name = name
            kind = family.kind
            let help = family.help.isEmpty ? "A metric of the plugin \(family.plugin)." : family.help
            text += "# HELP \(name) \(Self.escape(help, quotes: false))\n"
            text += "# TYPE \(name) \(family.kind)\n"
        } else if family.kind != kind {
            text += "# \(name) of the plugin \(family.plugin) is left out: another plugin has a \(kind) of that name\n"
            return
        }
        let own = family.plugin.isEmpty ? [] : [LogField(key: "plugin", value: family.plugin)]
        for sample in family.samples {
            let labels = own + sample.labels
            if family.kind == .histogram {
                addHistogram(sample, family, labels)
            } else {
                line(name, labels, sample.value)
            }
        }
    }

    private mutating func addHistogram(_ sample: MetricSample, _ family: MetricFamily, _ labels: [LogField]) {
        var count = 0
        for (index, inBucket) in sample.counts.enumerated() {
            count += inBucket
            let bound = index < family.bounds.count ? Self.number(family.bounds[index]) : "+Inf"
            line("\(name)_bucket", labels + [LogField(key: "le", value: bound)], Double(count))
        }
        line("\(name)_sum", labels, sample.value)
        line("\(name)_count", labels, Double(count))
    }

    private mutating func line(_ name: String, _ labels: [LogField], _ value: Double) {
        text += name
        if !labels.isEmpty {
            let pairs = labels.map { "\($0.key)=\"\(Self.escape($0.value, quotes: true))\"" }
            text += "{\(pairs.joined(separator: ","))}"
        }
        text += " \(Self.number(value))\n"
    }

    private static func number(_ value: Double) -> String {
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int(exactly: value) { return "\(whole)" }
        return "\(value)"
    }

    private static func escape(_ text: String, quotes: Bool) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}

extension Daemon {
    /// All metrics, as text.
    func metricsText() -> String {
        var families = scripts.map { ownMetrics($0) + $0.metrics.all } ?? []
        families += shell?.lossMetrics ?? []
        families += guardMetrics() + instanceMetrics()
        families.sort { ($0.exportedName, $0.plugin) < ($1.exportedName, $1.plugin) }
        var text = MetricsText()
        for family in families { text.add(family) }
        return text.text
    }

    private func ownMetrics(_ scripts: ScriptBridge) -> [MetricFamily] {
        let records = scripts.records.sorted { $0.key < $1.key }
        func family(
            _ name: String, _ help: String, _ kind: MetricKind, _ value: (CheckRecord) -> Double
        ) -> MetricFamily {
            let samples = records.map {
                MetricSample(labels: [LogField(key: "check", value: $0.key)], value: value($0.value))
            }
            return MetricFamily(plugin: "", name: name, help: help, kind: kind, samples: samples)
        }
        func single(_ name: String, _ help: String, _ kind: MetricKind, _ value: Double) -> MetricFamily {
            MetricFamily(
                plugin: "", name: name, help: help, kind: kind, samples: [MetricSample(labels: [], value: value)])
        }
        return [
            family("check_runs_total", "Runs of a check.", .counter) { Double($0.runs) },
            family("check_failures_total", "Runs that failed.", .counter) { Double($0.failures) },
            family("check_errors_total", "Runs that ended by a bug in the script.", .counter) { Double($0.errors) },
            family("check_duration_seconds", "How long the last run took.", .gauge) {
                Double($0.took.inNanoseconds) / 1e9
            },
            single("lua_stalled", "The script thread hangs, or was given up.", .gauge, scripts.isStalled ? 1 : 0),
            single("lua_stalls_total", "Times the script thread was replaced.", .counter, Double(scripts.stalls)),
            single(
                "lua_silence_seconds", "Since the last sign of life of the script thread.", .gauge,
                Double(scripts.silence?.inNanoseconds ?? 0) / 1e9),
        ]
    }
}
