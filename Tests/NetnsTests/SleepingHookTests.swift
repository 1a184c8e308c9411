/// A hook that sleeps while its node changes state again and again: order, what is counted as lost, and the adverts.
import ControlProtocol
import Foundation
import Glibc
import Lab
import Testing

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct SleepingHookTests {
        /// Says of each event that it has seen it; the first time it sleeps longer than all changes take.
        private static let plugin = """
            local halua = require "halua"
            local isRested = false
            halua.on.change {
              timeout = "40s",
              run = function(ev)
                halua.log.info(("seen %d %d %s"):format(ev.seq, ev.dropped, ev.to))
                if not isRested then
                  isRested = true
                  halua.sleep "30s"
                  halua.log.info "awake"
                end
              end,
            }
            """

        private struct Seen {
            var sequence: Int
            var dropped: Int
            var state: Substring

            /// "… seen 17 15 MASTER …"
            init?(_ line: String) {
                guard let start = line.range(of: "seen ") else { return nil }
                let words = line[start.upperBound...].split(separator: " ")
                guard words.count >= 3, let sequence = Int(words[0]), let dropped = Int(words[1]) else { return nil }
                (self.sequence, self.dropped, state) = (sequence, dropped, words[2])
            }
        }

        private func seen(_ daemon: LabProcess) -> [Seen] { daemon.output.lines.compactMap { Seen($0.text) } }

        private func start(_ host: LabHost, _ interval: Duration) throws -> LabProcess {
            try host.write(file: "sleepy.lua", Self.plugin)
            var instance = InstanceText()
            instance.version = 3
            instance.interval = interval
            instance.priority = 200
            let head = "global_defs {\n    lua_path \(host.folder)\n}\nlua_plugin sleepy {\n}\n"
            return try host.start(.halua, configuration: head + instance.text)
        }

        @Test(
            "a hook that sleeps 30 s while the cable goes ten times: in order, what is left out is counted, no advert is late",
            .timeLimit(.minutes(2)))
        func tenChanges() throws {
            try withPair { lab, watch, _ in
                let host = lab.hosts[0]
                let interval = Duration.milliseconds(200)
                let capture = try AdvertCapture(in: lab.hosts[1].namespaces)
                let daemon = try start(host, interval)
                expectHolders([0], watch, within: .seconds(8), [daemon])
                for _ in 1...10 {
                    try host.setCable(plugged: false)
                    expectHolders([], watch, within: .seconds(3), [daemon])
                    try host.setCable(plugged: true)
                    expectHolders([0], watch, within: .seconds(5), [daemon])
                }
                #expect(daemon.output.first(containing: "awake") == nil, "the hook slept through all of it")
                #expect(seen(daemon).map(\.sequence) == [1], "while a hook runs, none of its instance starts")
                let steady = (start: Moment.now, count: capture.count)

                // INIT to BACKUP to MASTER, and ten times FAULT, BACKUP, MASTER.
                let changes = 32
                let isOver = waitUntil(.seconds(40), every: .milliseconds(50)) {
                    seen(daemon).last?.sequence == changes
                }
                #expect(isOver != nil, "\(tail(daemon))")
                let due = Int((Moment.now - steady.start).inSeconds / interval.inSeconds)
                #expect(capture.count - steady.count >= due - 2, "adverts while the hook slept")

                let all = seen(daemon)
                var before = 0
                for event in all {
                    #expect(event.sequence == before + event.dropped + 1, "\(all)")
                    before = event.sequence
                }
                #expect(all.last?.state == "MASTER")
                // One ran, sixteen may wait.
                let lost = all.map(\.dropped).reduce(0, +)
                #expect(lost == changes - 17)
                #expect(daemon.output.first(containing: "\(lost) events before this one were left out") != nil)

                let report = try askStatus(host.controlSocketPath)
                #expect(report.instances[0].transitions == changes)
                let late = report.instances[0].statistics.first { $0.name == "late-advertisements" }
                #expect(late?.count == 0, "\(tail(daemon))")
                let counter = "halua_hook_dropped_total{hook=\"on.change\",plugin=\"sleepy\"} \(lost)"
                let isCounted = waitUntil(.seconds(5), every: .milliseconds(100)) {
                    guard case .metrics(let text)? = try? ask(host.controlSocketPath, .metrics) else { return false }
                    return text.contains(counter)
                }
                #expect(isCounted != nil, "no \(counter)")
            }
        }
    }
}
