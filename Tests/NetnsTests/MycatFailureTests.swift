/// Every way in which a Mycat fails, for real: haluad tells each by its own reason, and a Mycat that is well by none.
import Lab
import Testing

extension NetnsTests {
    @Suite(.enabled(if: LabSupport.canRunHalua && LabSupport.canRunCheckScripts, LabSupport.reason))
    struct MycatFailureTests {
        @Test("each failure has its own reason, and a healthy Mycat and its pauses have none", .timeLimit(.minutes(10)))
        func reasons() throws {
            let results = try runMycatFailures(MycatFailure.all, programs: LabSupport.programs)
            for result in results {
                let name = result.failure.name
                if let sign = result.failure.sign {
                    #expect(result.halua != nil, "\(name): haluad never said “\(sign)”\n\(result.log)")
                }
                #expect(result.falseAlarms == [], "\(name): haluad takes a Mycat that is well for failed")
            }
            // What the scripts see is not ours; that they ran, and that they see a dead JVM, is.
            let killed = try #require(results.first { $0.failure.name == "JVM killed" })
            #expect(killed.scripts.allSatisfy { $0 != nil }, "the check scripts notice a Mycat that is gone")
            let healthy = try #require(results.first { $0.failure.name == "healthy" })
            #expect(healthy.scripts.allSatisfy { $0 == nil }, "the check scripts are well while Mycat is")
        }

        @Test("no two failures have the same sign, but for one JVM that is gone and one of two that is") func signs() {
            let signs = MycatFailure.all.compactMap(\.sign)
            #expect(Set(signs).count == signs.count - 1)
        }
    }
}
