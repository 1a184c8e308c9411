/// What plugins count and measure: kept on the script thread, told to the main thread at most once a second.
import LinuxIO

package enum MetricKind: String, Hashable, Sendable {
    case counter, gauge, histogram
}

/// One value, by its labels.
package struct MetricSample: Hashable, Sendable {
    package var labels: [LogField]
    /// Of a histogram: the sum of what was observed.
    package var value: Double = 0
    /// Of a histogram: how many observations fell into each bucket, and at the end those above all bounds.
    package var counts: [Int] = []

    package init(labels: [LogField], value: Double = 0, counts: [Int] = []) {
        self.labels = labels
        self.value = value
        self.counts = counts
    }
}

/// All values of one name.
package struct MetricFamily: Hashable, Sendable {
    /// Whose it is; empty for what halua counts itself.
    package var plugin: String
    package var name: String
    package var help: String
    package var kind: MetricKind
    /// The upper bounds of a histogram's buckets.
    package var bounds: [Double] = []
    package var samples: [MetricSample] = []

    package init(
        plugin: String, name: String, help: String, kind: MetricKind, bounds: [Double] = [],
        samples: [MetricSample] = []
    ) {
        self.plugin = plugin
        self.name = name
        self.help = help
        self.kind = kind
        self.bounds = bounds
        self.samples = samples
    }
}

/// What a plugin says about a metric when it makes it.
struct MetricDefinition: Hashable {
    var name: String
    var help: String
    var kind: MetricKind
    var labels: [String] = []
    var bounds: [Double] = []
}

/// A metric as the script holds it. It stays for as long as its plugin.
final class Metric: HandleObject {
    static let kind = HandleKind.metric
    let definition: MetricDefinition
    init(_ definition: MetricDefinition) { self.definition = definition }
    func released() {}
}

/// The metrics of all plugins. It outlives a generation: counters go on after a reload.
final class MetricStore {
    /// Values of one name; a label that is different every time must not fill the memory.
    static let mostSamples = 100
    private static let interval = Duration.seconds(1)

    struct Key: Hashable {
        var plugin: String
        var name: String
    }

    private struct Entry {
        var family: MetricFamily
        /// Where each combination of label values is among the samples.
        var positions: [[LogField]: Int] = [:]
        /// The present generation has it.
        var isPresent = true
        var isChanged = true
    }

    private let loop: EventLoop
    private let post: (FromScript) -> Void
    private var entries: [Key: Entry] = [:]
    private var isArmed = false

    init(loop: EventLoop, post: @escaping (FromScript) -> Void) {
        self.loop = loop
        self.post = post
    }

    /// A new generation: only what it makes itself is shown from now on, with the values it had.
    func begin(_ programs: [Program]) {
        let names = Set(programs.map(\.name)).union([""])
        entries = entries.filter { names.contains($0.key.plugin) }
        for key in entries.keys where !key.plugin.isEmpty { entries[key]?.isPresent = false }
        for program in programs {
            for metric in program.metrics.values { register(metric.metric.definition, of: program.name) }
        }
        post(.metrics(entries.values.filter(\.isPresent).map(\.family), replacesAll: true))
    }

    func register(_ definition: MetricDefinition, of plugin: String) {
        let key = Key(plugin: plugin, name: definition.name)
        if var known = entries[key], known.family.kind == definition.kind, known.family.bounds == definition.bounds {
            known.isPresent = true
            known.family.help = definition.help
            // Values under labels that it no longer has would stay for ever.
            let names = definition.labels.sorted()
            if known.family.samples.contains(where: { $0.labels.map(\.key) != names }) {
                known.family.samples = []
                known.positions = [:]
            }
            entries[key] = known
        } else {
            entries[key] = Entry(
                family: MetricFamily(
                    plugin: plugin, name: definition.name, help: definition.help, kind: definition.kind,
                    bounds: definition.bounds))
        }
        if definition.labels.isEmpty, definition.kind != .gauge { change(key, []) { _ in } }
        arm()
    }

    /// Counts something of halua's own.
    func count(_ name: String, _ help: String, _ labels: [LogField], by step: Int = 1) {
        let key = Key(plugin: "", name: name)
        if entries[key] == nil {
            entries[key] = Entry(family: MetricFamily(plugin: "", name: name, help: help, kind: .counter))
        }
        change(key, labels) { $0.value += Double(step) }
    }

    /// Changes the value under some labels, which are sorted by name. False: there are too many combinations already.
    @discardableResult
    func change(_ key: Key, _ labels: [LogField], _ body: (inout MetricSample) -> Void) -> Bool {
        guard var entry = entries[key] else { return true }
        entries[key] = nil
        defer { entries[key] = entry }
        let position: Int
        if let known = entry.positions[labels] {
            position = known
        } else {
            guard key.plugin.isEmpty || entry.family.samples.count < Self.mostSamples else { return false }
            position = entry.family.samples.count
            entry.positions[labels] = position
            let buckets = entry.family.kind == .histogram ? entry.family.bounds.count + 1 : 0
            entry.family.samples.append(
                MetricSample(labels: labels, counts: Array(repeating: 0, count: buckets)))
        }
        body(&entry.family.samples[position])
        entry.isChanged = true
        arm()
        return true
    }

    private func arm() {
        guard !isArmed else { return }
        isArmed = true
        loop.after(Self.interval) { [weak self] in self?.tell() }
    }

    private func tell() {
        isArmed = false
        var changed: [MetricFamily] = []
        for (key, entry) in entries where entry.isChanged && entry.isPresent {
            changed.append(entry.family)
            entries[key]?.isChanged = false
        }
        if !changed.isEmpty { post(.metrics(changed, replacesAll: false)) }
    }
}
