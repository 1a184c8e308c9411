/// `halua status --keepalived-json` beside the JSON that a real keepalived writes of the same file.
import ControlProtocol
import Foundation
import Glibc
import Lab
import Testing

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua, LabSupport.reason))
    struct KeepalivedDumpTests {
        /// Where keepalived 2.2.7 writes it, whatever its configuration says.
        private static let path = "/tmp/keepalived.json"

        /// Other in every run, or on purpose.
        private static let differing: Set<String> = ["last_transition", "advert_sent", "auth_data"]

        private static var text: String {
            var instance = InstanceText()
            instance.password = "Zf4aqy"
            instance.addresses = ["192.168.4.200/24", "192.168.4.201/24 label eth0:1"]
            instance.lines = [
                "nopreempt", "virtual_ipaddress_excluded {", "    192.168.4.202", "}", "track_script {", "    chk", "}",
            ]
            return "global_defs {\n    script_user root\n    enable_script_security\n}\n"
                + "vrrp_script chk {\n    script /usr/bin/true\n    interval 1\n    weight -5\n}\n" + instance.text
        }

        private func members(_ value: JSONValue?) throws -> [JSONValue.Member] {
            guard case .object(let members)? = value else { throw LabError("no object: \(value?.text() ?? "nothing")") }
            return members
        }

        @Test(
            "the keys are keepalived's in its order, and so are the values of the same state", .timeLimit(.minutes(1)))
        func sameAsKeepalived() throws {
            try withPair { lab, watch, _ in
                let host = lab.hosts[0]
                let keepalived = try host.start(.keepalived, configuration: Self.text)
                expectHolders([0], watch, within: .seconds(8), [keepalived])
                unlink(Self.path)
                defer { unlink(Self.path) }
                // What `keepalived --signum=JSON` prints.
                keepalived.send(signal: 36)
                var theirs: JSONValue?
                let written = waitUntil(.seconds(5), every: .milliseconds(100)) {
                    let bytes = FileManager.default.contents(atPath: Self.path) ?? Data()
                    theirs = try? JSONValue(parsing: bytes)
                    return theirs != nil
                }
                #expect(written != nil, "\(tail(keepalived))")
                keepalived.send(signal: SIGTERM)
                expectHolders([], watch, within: .seconds(8), [keepalived])

                let halua = try host.start(.halua, configuration: Self.text)
                expectHolders([0], watch, within: .seconds(8), [halua])
                guard case .keepalivedDump(let ours) = try ask(host.controlSocketPath, .keepalivedDump) else {
                    throw LabError("no dump")
                }
                let (expected, found) = (try #require(theirs?.array?.first), try #require(ours.array?.first))
                for part in ["data", "stats"] {
                    let (left, right) = (try members(expected[part]), try members(found[part]))
                    #expect(left.map(\.key) == right.map(\.key))
                    for (their, our) in zip(left, right) where !Self.differing.contains(their.key) {
                        #expect(their.value == our.value, "\(their.key)")
                    }
                }
            }
        }
    }
}
