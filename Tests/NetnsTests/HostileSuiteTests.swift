/// All hostile plugins at once in a real daemon: it advertises, answers, lets go of them, and ends when it is told to.
import ControlProtocol
import Glibc
import Lab
import LinuxIO
import Testing

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct HostileSuiteTests {
        private static let interval = Duration.milliseconds(100)

        /// What can run in a daemon whose instance must go on: no plugin that demotes it, and none that does not load.
        private static let cases = HostileCase.all.filter { plugin in
            plugin.body.map { !$0.contains(":demote(") } ?? false
        }

        private static let values: [HostileNeed: String] = [
            .fullPort: "9", .silentPort: "9", .endlessPort: "9", .bodyPort: "9", .silentDNS: "192.0.2.1",
            .fifo: "/dev/null",
        ]

        /// A master with these plugins, whose checks can lower its priority by one each.
        private func configuration(_ host: LabHost, _ plugins: [String]) -> String {
            var instance = InstanceText()
            instance.version = 3
            instance.priority = 250
            instance.interval = Self.interval
            instance.lines = ["track_lua {"] + plugins.map { "    \($0).c weight -1" } + ["}"]
            let definitions =
                "global_defs {\n    lua_path \(host.folder)\n    lua_computing_limit 20ms\n    lua_memory_limit 4M\n}\n"
            return definitions + plugins.map { "lua_plugin \($0) {\n}\n" }.joined() + instance.text
        }

        @Test(
            "a master with every hostile plugin leaves no advert out, answers, lets go of them and ends in time",
            .timeLimit(.minutes(2)))
        func all() throws {
            try Lab.with(["sender", "receiver"], programs: LabSupport.programs) { lab in
                let host = lab.hosts[0]
                let capture = try AdvertCapture(in: lab.hosts[1].namespaces)
                let good = "halua.check{name='c', interval='100ms', run=function() return true end}\n"
                try host.write(file: "good.lua", good)
                let names = Self.cases.indices.map { "h\($0)" }
                for (name, plugin) in zip(names, Self.cases) {
                    try host.write(file: "\(name).lua", plugin.complete(plugin.text, with: Self.values))
                }
                let daemon = try host.start(.halua, configuration: configuration(host, ["good"]))
                let first = waitUntil(.seconds(10)) { capture.count > 0 }
                try #require(first != nil, "\(tail(daemon))")
                func reload(_ plugins: [String]) throws {
                    try host.write(configuration: configuration(host, plugins))
                    try host.run([LabSupport.programs.halua, "reload", "--control", host.controlSocketPath])
                }
                // Threads and libraries that come with the first use stay.
                try reload(["good"] + names)
                pause(.seconds(3))
                try reload(["good"])
                pause(.seconds(3))
                let before = descriptors(of: daemon)

                try reload(["good"] + names)
                let start = Clock.realtime
                for _ in 1...12 {
                    pause(.seconds(1))
                    _ = try askStatus(host.controlSocketPath)
                }
                let seen = Punctuality(of: capture.sightings(from: start, to: Clock.realtime), interval: Self.interval)
                #expect(daemon.isRunning, "\(tail(daemon))")
                #expect(seen.seen > 0)
                let longest = seen.longestGap
                // How busy the machine is nobody may assert: no peer would have taken over.
                #expect(longest < Self.interval * 3, "silent for \(longest)")

                try reload(["good"])
                let back = waitUntil(.seconds(20)) { descriptors(of: daemon) <= before }
                let after = descriptors(of: daemon)
                #expect(back != nil, "\(before) descriptors became \(after)")

                try reload(["good"] + names)
                pause(.seconds(1))
                daemon.send(signal: SIGTERM)
                let ending = daemon.wait(.seconds(3))
                #expect(ending != nil, "haluad does not end: \(tail(daemon))")
            }
        }

        private func descriptors(of daemon: LabProcess) -> Int {
            guard let folder = opendir("/proc/\(daemon.identifier)/fd") else { return 0 }
            defer { closedir(folder) }
            var count = 0
            while readdir(folder) != nil { count += 1 }
            return count
        }
    }
}
