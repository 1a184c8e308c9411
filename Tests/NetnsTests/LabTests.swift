/// The lab measures a daemon whose times are known, and leaves nothing behind.
import Glibc
import Lab
import Testing

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunKeepalived, LabSupport.reason))
    struct LabTests {
        @Test("a pair of keepalived elects one master, and a stop hands over in a skew time", .timeLimit(.minutes(1)))
        func measuresKeepalived() throws {
            let profile = FailoverProfile(name: "v3", version: 3, interval: .milliseconds(100))
            let result = try measureFailover(.stop, profile, .keepalived, programs: LabSupport.programs)
            // The skew time of priority 100 is 61 ms; the rest is patience with a busy machine.
            #expect(result.takeover >= profile.instance(1).skew - .milliseconds(5))
            #expect(result.takeover < .seconds(1))
            #expect(result.silence <= result.takeover + .milliseconds(20))
        }

        @Test("a host sees its own processes only, and all of them end with the lab", .timeLimit(.minutes(1)))
        func isolatesProcesses() throws {
            let lab = try Lab(["first", "second"], programs: LabSupport.programs)
            let service = try lab.hosts[0].startMycat()
            let arguments = { (host: LabHost) throws in
                try host.run(["sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"])
            }
            #expect(
                waitUntil(.seconds(5)) { (try? arguments(lab.hosts[0]).contains("io.mycat.MycatStartup")) == true }
                    != nil)
            #expect(try !arguments(lab.hosts[1]).contains("io.mycat.MycatStartup start"))
            lab.close()
            #expect(service.status == .killed(signal: SIGKILL))
            #expect(kill(service.identifier, 0) == -1)
            #expect(access(lab.folder, F_OK) == -1)
        }

        @Test("the stand-in for Mycat greets like Mycat 1.6 and hangs up on COM_QUIT", .timeLimit(.minutes(1)))
        func standsInForMycat() throws {
            try Lab.with(["first"], programs: LabSupport.programs) { lab in
                _ = try lab.hosts[0].startMycat()
                let session = """
                    for try in 1 2 3 4 5 6 7 8 9; do exec 3<>/dev/tcp/127.0.0.1/8066 && break; sleep 0.1; done
                    printf '\\1\\0\\0\\0\\1' >&3
                    cat <&3 | od -An -v -tx1 | tr -d ' \\n'
                    """
                let greeting = try lab.hosts[0].run(["bash", "-c", session])
                let expected = "550000000a" + hex("5.6.29-mycat-1.6-RELEASE-20161028204710") + "0005000000"
                #expect(greeting.contains(expected))
                #expect(greeting.hasSuffix(hex("IR1zVkiDf5BK") + "00"))
            }
        }

        private func hex(_ text: String) -> String {
            text.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
    }
}
