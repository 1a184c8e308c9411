/// The keyword table against the reader: every word works or is told, and the table is fit to make a manual from.
import KeepalivedConf
import Testing

@Suite struct KeywordTests {
    /// The statement as it would be written, with ones for values.
    private func statement(_ keyword: Keyword) -> String {
        func ones(_ count: ClosedRange<Int>) -> String {
            String(repeating: " 1", count: max(count.lowerBound, min(1, count.upperBound)))
        }
        return switch keyword.shape {
        case .words(let count): keyword.name + ones(count)
        case .block(let count), .optionalBlock(let count): keyword.name + ones(count) + " {\n}"
        case .list: keyword.name + " {\n}"
        }
    }

    /// A configuration with the keyword in its place; nil for places inside blocks that are skipped as a whole.
    private func text(_ keyword: Keyword) -> String? {
        let line = statement(keyword)
        return switch keyword.place {
        case .top: line + "\n" + instance()
        case .global: "global_defs {\n\(line)\n}\n" + instance()
        case .instance: instance(line)
        case .authentication: instance("authentication {\n\(line)\n}")
        case .addressLine: instance(address: "192.168.4.201/24 \(line)")
        case .peerLine: instance("unicast_peer {\n192.168.4.7 \(line)\n}")
        case .trackLine: instance("track_interface {\neth1 \(line)\n}")
        case .checkLine: "lua_plugin p\n" + instance("track_lua {\np.c \(line)\n}")
        case .instanceGuard: instance("guard {\n\(line)\n}")
        case .globalGuard: "global_defs {\nguard {\n\(line)\n}\n}\n" + instance()
        case .syncGroup: "vrrp_sync_group G {\n\(line)\n}\n" + instance()
        case .script: "vrrp_script s {\n\(line)\n}\n" + instance("track_script {\ns\n}")
        case .trackProcess: "vrrp_track_process p {\n\(line)\n}\n" + instance()
        case .trackFile, .trackGroup, .garpGroup, .hmac, .bfd, .virtualServer, .realServer, .checker, .url, .ssl: nil
        }
    }

    @Test("every keyword is known where the table says, and no keyword traps")
    func known() {
        for keyword in Keyword.table {
            guard let text = text(keyword) else { continue }
            let result = load(text)
            for finding in result.diagnostics {
                #expect(!finding.message.contains("unknown keyword"), "\(keyword.name): \(finding.rendered)")
                #expect(!finding.message.contains("can't stand"), "\(keyword.name): \(finding.rendered)")
            }
        }
    }

    @Test("every keyword without effect gives exactly one warning that says what halua does not do and what that means")
    func told() {
        for keyword in Keyword.table where keyword.status != .works {
            guard let text = text(keyword) else { continue }
            let warnings = load(text).diagnostics.filter {
                $0.message.contains("\"\(keyword.name)\" ") && $0.severity == .warning
            }
            #expect(warnings.count == 1, "\(keyword.name) in \(keyword.place.rawValue): \(warnings.map(\.rendered))")
            #expect(warnings.first?.hint?.isEmpty == false)
            let isTold = warnings.first?.message.contains("halua") == true
            #expect(isTold, "\(keyword.name): \(warnings.first?.message ?? "-")")
        }
    }

    @Test("no keyword stands twice in one place, and every one is documented")
    func table() {
        var seen: Set<String> = []
        for keyword in Keyword.table {
            #expect(seen.insert("\(keyword.place) \(keyword.name)").inserted, "\(keyword.name) stands twice")
            #expect(keyword.documentation.hasSuffix("."), "\(keyword.name) has no sentence")
        }
        #expect(Keyword.table.count > 350)
    }

    @Test("a load balancer's block of any size gives one warning")
    func virtualServer() {
        let server = """
            virtual_server 10.0.0.1 80 {
                delay_loop 6
                real_server 10.0.0.2 80 {
                    weight 1
                    TCP_CHECK {
                        connect_timeout 3
                    }
                }
            }

            """
        let result = load(server + server + instance())
        #expect(result.configuration != nil)
        #expect(result.warnings.count == 2)
    }

    @Test(
        "suggestions are near, and far words get none",
        arguments: [
            ("virtual_routerid", "virtual_router_id"), ("vitrual_ipaddress", "virtual_ipaddress"),
            ("no_preempt", "nopreempt"),
            ("advert_interval", nil), ("zzz", nil),
        ])
    func suggestions(word: String, expected: String?) throws {
        let finding = try #require(load(instance("\(word) 1")).diagnostics.first { $0.severity == .error })
        #expect(finding.hint?.contains("did you mean \"\(expected ?? "")\"") == (expected != nil))
    }
}
