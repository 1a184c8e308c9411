/// Metrics as Prometheus text.
import Daemon
import LuaHost
import Testing

@Suite struct MetricsTextTests {
    private func text(_ families: MetricFamily...) -> String {
        var text = MetricsText()
        for family in families { text.add(family) }
        return text.text
    }

    @Test("values, labels and what needs escaping are written as Prometheus reads them")
    func values() {
        let family = MetricFamily(
            plugin: "mycat", name: "backends", help: "Backends\nby \\ state.", kind: .gauge,
            samples: [
                MetricSample(labels: [LogField(key: "name", value: "a\"b\\c\nd")], value: 2),
                MetricSample(labels: [], value: 0.25), MetricSample(labels: [], value: .infinity),
            ])
        #expect(
            text(family)
                == #"""
                # HELP halua_plugin_backends Backends\nby \\ state.
                # TYPE halua_plugin_backends gauge
                halua_plugin_backends{plugin="mycat",name="a\"b\\c\nd"} 2
                halua_plugin_backends{plugin="mycat"} 0.25
                halua_plugin_backends{plugin="mycat"} +Inf

                """#)
    }

    @Test("a histogram's buckets add up")
    func histogram() {
        let family = MetricFamily(
            plugin: "", name: "waits", help: "How long.", kind: .histogram, bounds: [0.1, 1],
            samples: [MetricSample(labels: [], value: 7.5, counts: [2, 1, 4])])
        #expect(
            text(family) == """
                # HELP halua_waits How long.
                # TYPE halua_waits histogram
                halua_waits_bucket{le="0.1"} 2
                halua_waits_bucket{le="1"} 3
                halua_waits_bucket{le="+Inf"} 7
                halua_waits_sum 7.5
                halua_waits_count 7

                """)
    }

    @Test("two plugins share a name when they mean the same kind, and else the second is left out with a reason")
    func sharedNames() {
        func family(_ plugin: String, _ kind: MetricKind) -> MetricFamily {
            MetricFamily(plugin: plugin, name: "x", help: "", kind: kind, samples: [MetricSample(labels: [], value: 1)])
        }
        #expect(
            text(family("a", .gauge), family("b", .gauge), family("c", .counter)) == """
                # HELP halua_plugin_x A metric of the plugin a.
                # TYPE halua_plugin_x gauge
                halua_plugin_x{plugin="a"} 1
                halua_plugin_x{plugin="b"} 1
                # halua_plugin_x of the plugin c is left out: another plugin has a gauge of that name

                """)
    }

    @Test("the table keeps what was told last, and drops the rest when all is told anew")
    func table() {
        var table = MetricsTable()
        table.apply(
            [
                MetricFamily(plugin: "p", name: "b", help: "", kind: .gauge),
                MetricFamily(plugin: "p", name: "a", help: "", kind: .gauge),
            ], replacesAll: true)
        table.apply([MetricFamily(plugin: "p", name: "a", help: "new", kind: .gauge)], replacesAll: false)
        #expect(table.all.map { "\($0.name) \($0.help)" } == ["a new", "b "])
        table.apply([MetricFamily(plugin: "p", name: "c", help: "", kind: .gauge)], replacesAll: true)
        #expect(table.all.map(\.name) == ["c"])
    }
}
