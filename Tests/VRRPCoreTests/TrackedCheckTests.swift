/// Rise and fall, against the rules of keepalived's track scripts.
import Testing
import Wire

@testable import VRRPCore

@Suite("Tracked checks")
struct TrackedCheckTests {
    /// "+" passes, "-" fails, "!" is broken; the answer has one letter per outcome: Up, Down or unknown.
    static func play(_ outcomes: String, _ config: CheckConfig) -> String {
        var check = TrackedCheck(config)
        return String(
            outcomes.map { outcome -> Character in
                switch outcome {
                case "+": _ = check.record(.passed)
                case "-": _ = check.record(.failed("no"))
                default: _ = check.record(.broken("bug"))
                }
                switch check.state {
                case .up: return "U"
                case .down: return "D"
                case .unknown: return "?"
                }
            })
    }

    static func check(_ rise: Int, _ fall: Int, startsFailed: Bool = false) -> CheckConfig {
        CheckConfig(name: "c", rise: rise, fall: fall, startsFailed: startsFailed)
    }

    @Test(
        "count as keepalived counts",
        arguments: [
            // The first success brings up, whatever rise says; the first failure brings down.
            (1, 1, "+-+", "UDU"), (3, 3, "+", "U"), (3, 3, "-", "D"),
            // fall failures in a row; a success in between starts the count again.
            (1, 3, "+--+---", "UUUUUUD"),
            // rise successes in a row; a failure in between starts the count again.
            (3, 1, "-++-+++", "DDDDDDU"),
            (2, 2, "+-+--+-++", "UUUUDDDDU"),
            // A broken check says nothing.
            (1, 1, "!+!!-!", "?UUUDD"), (1, 2, "+-!-", "UUUD"),
        ])
    func counting(rise: Int, fall: Int, outcomes: String, states: String) {
        #expect(Self.play(outcomes, Self.check(rise, fall)) == states)
    }

    @Test("init_fail begins down and needs all of rise")
    func initFail() {
        let config = Self.check(3, 1, startsFailed: true)
        #expect(TrackedCheck(config).state == .down)
        #expect(Self.play("+++", config) == "DDU")
        #expect(Self.play("+", Self.check(1, 1, startsFailed: true)) == "U")
    }

    @Test("a weight counts while up when positive, while down when negative, and reverse changes its sign")
    func weights() {
        let cases: [(Int, Bool, up: Int, down: Int)] = [
            (10, false, 10, 0), (-10, false, 0, -10), (10, true, -10, 0), (-10, true, 0, 10),
        ]
        for (weight, isReversed, up, down) in cases {
            var check = TrackedCheck(CheckConfig(name: "c", weight: weight, isReversed: isReversed))
            #expect(check.contribution == 0)
            _ = check.record(.passed)
            #expect(check.contribution == up)
            _ = check.record(.failed(""))
            #expect(check.contribution == down)
            #expect(!check.isFault)
        }
    }

    @Test("without weight it is a fault while down, reversed while up")
    func faults() {
        for isReversed in [false, true] {
            var check = TrackedCheck(CheckConfig(name: "c", isReversed: isReversed))
            #expect(!check.isFault && check.isAwaited)
            _ = check.record(.passed)
            #expect(check.isFault == isReversed && !check.isAwaited)
            _ = check.record(.failed(""))
            #expect(check.isFault == !isReversed)
        }
    }

    @Test("the instance waits in INIT until every check without weight has answered, and says for which")
    func waiting() {
        var bench = Bench(
            Bench.config {
                $0.checks = [CheckConfig(name: "a"), CheckConfig(name: "b"), CheckConfig(name: "w", weight: 5)]
            })
        #expect(bench.give(.startup) == [.publish(.faultsChanged(["waiting for check a", "waiting for check b"]))])
        bench.give(.check(CheckID(0), .passed))
        #expect(bench.instance.state == .initialize)
        #expect(bench.instance.faults == ["waiting for check b"])
        #expect(bench.give(.check(CheckID(1), .passed)).transitions == ["INIT→BACKUP startup"])
    }

    @Test("a first failure leads from INIT to FAULT, a success to BACKUP with a full interval")
    func firstFailure() {
        var bench = Bench(Bench.config { $0.checks = [CheckConfig(name: "a", rise: 2)] })
        bench.give(.startup)
        #expect(
            bench.give(.check(CheckID(0), .failed("refused"))).last
                == .publish(
                    .transition(
                        from: .initialize, to: .fault, .fault(.check, "check a is down: refused"), sequence: 1)))
        bench.give(.check(CheckID(0), .passed))
        #expect(bench.instance.state == .fault)
        #expect(bench.give(.check(CheckID(0), .passed)).transitions == ["FAULT→BACKUP recovered"])
        #expect(bench.left(.masterDown) == .seconds(3) + .microseconds(609_375))
    }

    @Test("a fault is not over while another check has not answered yet")
    func waitingInFault() {
        var bench = Bench(Bench.config { $0.checks = [CheckConfig(name: "a"), CheckConfig(name: "b")] })
        bench.give(.startup)
        bench.give(.check(CheckID(0), .failed("refused")))
        #expect(bench.give(.check(CheckID(0), .passed)).brief == ["tell check", "tell faults"])
        #expect(bench.instance.faults == ["waiting for check b"])
        #expect(bench.give(.check(CheckID(1), .passed)).transitions == ["FAULT→BACKUP recovered"])
    }

    @Test("a check that is broken from the start holds nothing up")
    func brokenFromTheStart() {
        var bench = Bench(Bench.config { $0.checks = [CheckConfig(name: "a")] })
        bench.give(.startup)
        #expect(bench.give(.check(CheckID(0), .broken("a.lua:3"))).transitions == ["INIT→BACKUP startup"])
        #expect(bench.instance.checks[0].defect == "a.lua:3")
    }

    @Test("a defect is told when it begins and when it ends, not each time")
    func defects() {
        var bench = Bench.started(Bench.config { $0.checks = [CheckConfig(name: "w", weight: 5)] })
        #expect(bench.give(.check(CheckID(0), .broken("x"))).brief == ["tell broken"])
        #expect(bench.give(.check(CheckID(0), .broken("y"))).isEmpty)
        #expect(
            bench.give(.check(CheckID(0), .passed)).brief == [
                "arm masterDown", "tell broken", "tell check", "tell priority",
            ])
    }

    @Test("the answer of a check that a reload took away is dropped")
    func lateAnswer() {
        var bench = Bench.started()
        #expect(bench.give(.check(CheckID(7), .failed("x"))).isEmpty)
    }
}
