/// Scripts and packets that mean harm, in small doses; the benchmarks give the large ones.
import Glibc
import Lab
import Testing

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct HostilityTests {
        @Test(
            "a master advertises on while its script never ends", .timeLimit(.minutes(1)),
            arguments: HostilePlugin.allCases)
        func scripts(_ plugin: HostilePlugin) throws {
            try Lab.with(["sender", "receiver"], programs: LabSupport.programs) { lab in
                let interval = Duration.milliseconds(100)
                let capture = try AdvertCapture(in: lab.hosts[1].namespaces)
                let daemon = try lab.hosts[0].startHostile(plugin, interval: interval)
                try #require(waitUntil(.seconds(10)) { capture.count > 0 } != nil, "\(tail(daemon))")
                let before = capture.count
                pause(.seconds(4))
                #expect(daemon.isRunning, "\(tail(daemon))")
                // Forty are due; a third of them may be lost to a busy machine, none to the script.
                #expect(capture.count - before > 26, "\(tail(daemon))")
            }
        }

        @Test("ten thousand malformed and spoofed packets move nothing", .timeLimit(.minutes(1)))
        func packets() throws {
            let outcome = try measureStorm(packets: 10_000, .halua, programs: LabSupport.programs)
            #expect(outcome.moves == 0)
            #expect(outcome.counted > 0, "haluad counts what it drops")
        }
    }
}
