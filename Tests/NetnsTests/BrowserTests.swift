/// What people open in a browser, as a browser shows it: compared by elements, their places and colours.
import ControlProtocol
import Foundation
import Lab
import Testing

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct BrowserTests {
        /// Every element of the page that has a class or an id, with its place, colour and words.
        private static let elements = """
            JSON.stringify([...document.querySelectorAll('[class],[id]')].map(e => {
              const box = e.getBoundingClientRect(), style = getComputedStyle(e);
              const track = e.closest('.track'), row = e.closest('.lane,.holders,.ruler');
              return { tag: e.tagName, id: e.id, kind: e.className, node: e.dataset.node ?? '',
                text: e.textContent.trim(), title: e.title ?? '', row: row?.className ?? '',
                x: box.x, y: box.y, width: box.width, height: box.height,
                inTrack: !track || (box.right > track.getBoundingClientRect().left
                  && box.left < track.getBoundingClientRect().right),
                colour: style.backgroundColor, ink: style.color, shown: style.visibility !== 'hidden' };
            }))
            """

        private struct Element: Decodable {
            var tag: String
            var id: String
            var kind: String
            var node: String
            var text: String
            var title: String
            var row: String
            var x: Double
            var y: Double
            var width: Double
            var height: Double
            var inTrack: Bool
            var colour: String
            var ink: String
            var shown: Bool

            /// It can be seen on a screen of this width.
            var isVisible: Bool { shown && width > 0 && height > 0 && x >= 0 && x + width <= 1200 && y >= 0 }
        }

        /// Opens a page inside of a host; returns its elements, and checks that the screenshot is a picture.
        private func look(at url: String, on host: LabHost, _ name: String) throws -> [Element] {
            let picture = LabSupport.root + ".build/\(name).png"
            let script = LabSupport.root + "Tests/NetnsTests/Browser/look.py"
            let printed = try host.run(["python3", script, "chromium-headless-shell", url, picture, Self.elements])
            let octets = try Data(contentsOf: URL(filePath: picture))
            #expect(octets.prefix(8) == Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) && octets.count > 2_000)
            let text = try JSONDecoder().decode(String.self, from: Data(printed.utf8))
            return try JSONDecoder().decode([Element].self, from: Data(text.utf8))
        }

        private static let plugin = """
            local halua = require "halua"
            halua.on.master(function() halua.sleep "300ms" end)
            halua.check { name = "flag", interval = "100ms", fall = 1, weight = -1, run = function()
              return not halua.file.stat "FOLDER/down", "the flag is up"
            end }
            """

        private func configuration(_ host: LabHost, _ priority: Int) throws -> String {
            try host.write(file: "odd.lua", Self.plugin.replacingOccurrences(of: "FOLDER", with: host.folder))
            var instance = InstanceText()
            (instance.version, instance.interval, instance.priority) = (3, .milliseconds(200), priority)
            instance.lines = ["guard off", "track_lua {", "    odd.flag", "}"]
            return """
                global_defs {
                    router_id \(host.name)
                    lua_path \(host.folder)
                    event_journal \(host.folder)/events.jsonl
                }
                lua_plugin odd { }
                \(instance.text)
                """
        }

        @Test("the timeline of a split brain shows both nodes' lanes, and the overlap in red", .timeLimit(.minutes(1)))
        func timeline() throws {
            try withPair(hosts: ["mycat01", "mycat02"]) { lab, watch, _ in
                let first = try lab.hosts[0].start(.halua, configuration: configuration(lab.hosts[0], 200))
                expectHolders([0], watch, within: .seconds(8), [first])
                let second = try lab.hosts[1].start(.halua, configuration: configuration(lab.hosts[1], 100))
                pause(.seconds(1))
                try lab.hosts[1].write(file: "down", "")
                for host in lab.hosts { try host.setIsolated(true) }
                expectHolders([0, 1], watch, within: .seconds(4), [first, second])
                pause(.milliseconds(500))
                for host in lab.hosts { try host.setIsolated(false) }
                expectHolders([0], watch, within: .seconds(2), [first, second])
                pause(.milliseconds(500))
                for daemon in [second, first] { daemon.send(signal: SIGTERM) }
                for daemon in [first, second] { #expect(daemon.wait(.seconds(10)) == .exited(0)) }

                let last = lab.hosts[1].folder + "/events.jsonl"
                let journals = "\(lab.hosts[0].folder)/events.jsonl \(last)"
                let page = LabSupport.root + ".build/timeline.html"
                let written = try typeHalua("timeline \(journals) --html \(page)", on: lab.hosts[0])
                #expect(written == ("status 1", "written: \(page)"))
                let elements = try look(at: "file://\(page)", on: lab.hosts[0], "timeline")
                func all(_ kind: String, _ row: String? = nil) -> [Element] {
                    elements.filter { $0.kind == kind && (row == nil || $0.row == row) }
                }
                #expect(all("label").map(\.text) == ["who held the addresses", "mycat01", "mycat02", ""])
                #expect(all("lane").map(\.node) == ["mycat01", "mycat02"])
                let shown = all("label").dropLast() + all("lane") + all("track")
                #expect(shown.allSatisfy { $0.isVisible })
                let overlap = try #require(all("overlap", "holders").first)
                #expect(overlap.isVisible && overlap.inTrack && overlap.width >= 4 && overlap.height >= 10)
                #expect(overlap.colour == "rgb(211, 47, 47)" && overlap.title.hasPrefix("mycat01 and mycat02 for "))
                #expect(all("overlap", "holders").count == 1 && all("single", "holders").count == 2)
                for node in ["mycat01", "mycat02"] {
                    for kind in ["state master", "state backup", "holding", "hook"] {
                        let bars = all(kind, "lane").filter { $0.node == node }
                        #expect(!bars.isEmpty && bars.allSatisfy { $0.inTrack && $0.height > 2 }, "\(node) \(kind)")
                    }
                }
                #expect(all("failing", "lane").first?.title.contains("the flag is up") == true)
                let verdict = try #require(elements.first { $0.id == "verdict" })
                #expect(verdict.text.hasPrefix("Two holders: once") && verdict.ink == "rgb(198, 40, 40)")

                let text = try typeHalua("timeline \(journals)", on: lab.hosts[0]).text
                #expect(text.contains("mycat01 AND mycat02 for ") && text.contains("<- two holders"), "\(text)")
                let events = try typeHalua("events --instance VI_1 \(last)", on: lab.hosts[0])
                #expect(events.status == "status 0")
                for words in [
                    "mycat02  haluad 0.1.0 starts", "mycat02  VI_1: INIT → BACKUP: started",
                    "VI_1: check odd.flag is down: the flag is up", "VI_1: BACKUP → MASTER: master ",
                    "VI_1: odd on.master took ", "VI_1: lets go of 192.168.4.200", "mycat02  the daemon stops",
                ] { #expect(events.text.contains(words), "\(words) is not in\n\(events.text)") }
                let none = try typeHalua("events --since 0s \(last)", on: lab.hosts[0])
                #expect(none == ("status 0", ""))
            }
        }

        @Test("the exporter's page shows each instance, MASTER in green and FAULT in red", .timeLimit(.minutes(1)))
        func exporter() throws {
            try withPair { lab, watch, _ in
                let host = lab.hosts[0]
                var other = InstanceText()
                (other.name, other.virtualRouterID, other.addresses) = ("VI_2", 52, ["192.168.4.201"])
                var instance = InstanceText()
                (instance.version, instance.interval) = (3, .milliseconds(200))
                let daemon = try host.start(.halua, configuration: instance.text + other.text)
                expectHolders([0], watch, within: .seconds(8), [daemon])
                _ = try typeHalua("demote VI_2 --control \(host.controlSocketPath)", on: host)
                _ = try host.start(
                    LabSupport.folder + "/halua-exporter",
                    arguments: [
                        "halua-exporter", "--listen", "127.0.0.1:9650", "--control", host.controlSocketPath,
                    ])
                let probe =
                    "for n in 1 2 3 4 5 6 7 8 9; do exec 3<>/dev/tcp/127.0.0.1/9650 && exit 0; sleep 0.2; done; exit 1"
                try host.run(["bash", "-c", probe])
                let elements = try look(at: "http://127.0.0.1:9650/", on: host, "exporter")
                let master = try #require(elements.first { $0.kind == "MASTER" })
                let fault = try #require(elements.first { $0.kind == "FAULT" })
                #expect(master.isVisible && master.text == "MASTER" && master.ink == "rgb(0, 102, 0)")
                #expect(fault.isVisible && fault.text == "FAULT" && fault.ink == "rgb(170, 0, 0)")
                let table = try #require(elements.first { $0.id == "instances" })
                #expect(table.isVisible)
                for words in ["VI_1", "VI_2", "192.168.4.200/32", "demoted by the operator"] {
                    #expect(table.text.contains(words), "\(words) is not in \(table.text)")
                }
            }
        }
    }
}
