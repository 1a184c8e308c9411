/// halua.metrics.counter, gauge and histogram, and what can be done with them.
import CLua

enum MetricsBinding {
    static let functions = [
        HostFunction("metrics.counter", fields: ["labels"]) { call throws(ScriptFault) in try make(call, .counter) },
        HostFunction("metrics.gauge", fields: ["labels"]) { call throws(ScriptFault) in try make(call, .gauge) },
        HostFunction("metrics.histogram", fields: ["labels", "buckets"]) { call throws(ScriptFault) in
            try make(call, .histogram)
        },
        HostFunction("Metric:inc", .running, body: increment),
        HostFunction("Metric:add", .running, body: add),
        HostFunction("Metric:set", .running, body: set),
        HostFunction("Metric:observe", .running, body: observe),
    ]

    private static let mostMetrics = 100
    private static let mostLabels = 8
    private static let mostBuckets = 32
    private static let longestLabel = 128
    private static let longestHelp = 256
    /// Seconds, from a local answer to a hanging one.
    private static let standardBounds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]

    // MARK: Making

    /// gauge(name [, help [, {labels = {…}}]]) → the metric of that name, the same one whenever it is asked for.
    private static func make(_ call: HostCall, _ kind: MetricKind) throws(ScriptFault) -> HostReturn {
        let definition = try definition(call, kind)
        let program = call.program
        if let known = program.metrics[definition.name] {
            guard known.metric.definition.kind == kind else {
                throw call.fault("\"\(definition.name)\" is a \(known.metric.definition.kind) already")
            }
            guard known.metric.definition.labels == definition.labels || call.stack.isNothing(3) else {
                throw call.fault("\"\(definition.name)\" has other labels already")
            }
            call.stack.pushKept(known.reference)
            return .values(1)
        }
        guard program.metrics.count < mostMetrics else {
            throw call.fault("a plugin may have at most \(mostMetrics) metrics")
        }
        let metric = Metric(definition)
        _ = program.pushHandle(metric, on: call.stack)
        call.stack.pushCopy(of: -1)
        program.metrics[definition.name] = (metric, call.stack.keep())
        program.scheduler?.metrics.register(definition, of: program.name)
        return .values(1)
    }

    private static func definition(_ call: HostCall, _ kind: MetricKind) throws(ScriptFault) -> MetricDefinition {
        let name = try call.string(1, "a name")
        guard isName(name) else {
            throw call.fault("\"\(name)\" is no name of a metric: small letters, digits and _ are allowed, at most 64")
        }
        let help = call.stack.isNothing(2) ? "" : try call.string(2, "what it means")
        guard help.utf8.count <= longestHelp else { throw call.fault("the help has more than \(longestHelp) octets") }
        let fields = try call.options(at: 3)
        let labels = try fields.strings("labels") ?? []
        guard labels.count <= mostLabels, Set(labels).count == labels.count, labels.allSatisfy(isName) else {
            throw call.fault("labels must be at most \(mostLabels) different names")
        }
        guard !labels.contains("plugin"), !labels.contains("le") else {
            throw call.fault("the labels \"plugin\" and \"le\" are halua's own")
        }
        var definition = MetricDefinition(name: name, help: help, kind: kind, labels: labels)
        if kind == .histogram { definition.bounds = try fields.numbers("buckets") ?? standardBounds }
        guard definition.bounds.count <= mostBuckets, definition.bounds.allSatisfy(\.isFinite),
            zip(definition.bounds, definition.bounds.dropFirst()).allSatisfy({ $0 < $1 })
        else { throw call.fault("buckets must be at most \(mostBuckets) growing numbers") }
        return definition
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.first, !first.isNumber, text.utf8.count <= 64 else { return false }
        return text.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "_") }
    }

    // MARK: Changing

    /// inc([labels]): one more.
    private static func increment(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        try change(call, [.counter, .gauge], labels: 2) { $0.value += 1 }
    }

    /// add(n [, labels]).
    private static func add(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let step = try number(call)
        let metric = try call.object(Metric.self)
        guard metric.definition.kind != .counter || step >= 0 else { throw call.fault("a counter only grows") }
        return try change(call, [.counter, .gauge], labels: 3) { $0.value += step }
    }

    /// set(n [, labels]).
    private static func set(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let value = try number(call)
        return try change(call, [.gauge], labels: 3) { $0.value = value }
    }

    /// observe(n [, labels]).
    private static func observe(_ call: HostCall) throws(ScriptFault) -> HostReturn {
        let value = try number(call)
        let bounds = try call.object(Metric.self).definition.bounds
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        return try change(call, [.histogram], labels: 3) { sample in
            sample.value += value
            sample.counts[bucket] += 1
        }
    }

    private static func number(_ call: HostCall) throws(ScriptFault) -> Double {
        guard let value = call.stack.number(2), !value.isNaN else {
            throw call.fault("argument 1 must be a number, not \(call.stack.kind(2).word)")
        }
        return value
    }

    private static func change(
        _ call: HostCall, _ kinds: [MetricKind], labels index: Int32, _ body: (inout MetricSample) -> Void
    ) throws(ScriptFault) -> HostReturn {
        let definition = try call.object(Metric.self).definition
        guard kinds.contains(definition.kind) else {
            throw call.fault("\"\(definition.name)\" is a \(definition.kind), which cannot do that")
        }
        let labels = try labels(call, definition, index)
        let program = call.program
        let key = MetricStore.Key(plugin: program.name, name: definition.name)
        if !call.scheduler.metrics.change(key, labels, body), program.fullMetrics.insert(definition.name).inserted {
            let message =
                "the metric \(definition.name) has \(MetricStore.mostSamples) combinations of labels: others are left out"
            call.scheduler.post(.log(.warning, plugin: program.name, message: message, fields: []))
        }
        return .values(0)
    }

    /// The values of exactly the labels it was made with, sorted by name.
    private static func labels(
        _ call: HostCall, _ definition: MetricDefinition, _ index: Int32
    ) throws(ScriptFault) -> [LogField] {
        let stack = call.stack
        if definition.labels.isEmpty, stack.isNothing(index) { return [] }
        guard stack.kind(index) == .table else {
            let names = definition.labels.joined(separator: ", ")
            throw call.fault("\"\(definition.name)\" needs a table of its labels (\(names))")
        }
        var labels: [LogField] = []
        stack.pushNil()
        while lua_next(stack.pointer, index) != 0 {
            let name = stack.kind(-2) == .string ? stack.describe(-2) : ""
            let value = stack.describe(-1)
            stack.pop()
            guard definition.labels.contains(name) else {
                throw call.fault("there is no label \"\(name)\"\(Suggestion.text(for: name, among: definition.labels))")
            }
            guard value.utf8.count <= longestLabel else {
                throw call.fault("the label \"\(name)\" has more than \(longestLabel) octets")
            }
            labels.append(LogField(key: name, value: value))
        }
        guard labels.count == definition.labels.count else {
            throw call.fault(
                "\"\(definition.name)\" needs all of its labels: \(definition.labels.joined(separator: ", "))")
        }
        return labels.sorted { $0.key < $1.key }
    }
}
