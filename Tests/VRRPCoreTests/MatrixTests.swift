/// Every state with every input, in every combination of settings that matters, against a second opinion.
import Testing
import Wire

@testable import VRRPCore

@Suite("The state machine, cell by cell")
struct MatrixTests {
    @Test("does what the table says, in each cell of one stage and one input", arguments: Stage.allCases, Happening.all)
    func cell(stage: Stage, happening: Happening) {
        for setting in Setting.all(for: stage) {
            let cell = Cell(stage: stage, happening: happening, setting: setting)
            var bench = cell.prepared()
            if case .timer(let timer) = happening, let deadline = bench.instance.deadline(of: timer) {
                bench.now = deadline
            } else {
                bench.wait(.milliseconds(100))
            }
            let input = happening.input(for: bench, setting)
            let effects = bench.give(input)
            let verdict = Oracle.verdict(on: cell)
            #expect(effects.brief == verdict.does, "\(cell)")
            #expect(bench.instance.state == verdict.state, "\(cell)")
        }
    }

    @Test("has no row that decides nothing")
    func everyRowIsUsed() {
        var used = Set<Int>()
        for stage in Stage.allCases {
            for happening in Happening.all {
                for setting in Setting.all(for: stage) {
                    used.insert(Oracle.row(for: Cell(stage: stage, happening: happening, setting: setting)))
                }
            }
        }
        #expect(used == Set(0...Oracle.rows.count))
        let cells = Stage.allCases.map { Happening.all.count * Setting.all(for: $0).count }
        #expect(cells.reduce(0, +) >= 3_900)
    }
}

/// Where the instance stands. A master that waits for the kernel differs from one that serves, a backup that has asked its
/// gates from one that waits, and a master with a lease from one without.
enum Stage: CaseIterable, Sendable {
    case initialize, backup, questioning, asking, serving, leased, fault

    var state: State {
        switch self {
        case .initialize: .initialize
        case .backup, .questioning: .backup
        case .asking, .serving, .leased: .master
        case .fault: .fault
        }
    }
}

/// The priority of a heard advert against ours.
enum Rank: CaseIterable {
    case zero, lower, equal, greater, owner

    func value(_ ours: UInt8) -> UInt8 {
        switch self {
        case .zero: 0
        case .lower: ours - 1
        case .equal: ours
        case .greater: ours == 255 ? 255 : ours + 1
        case .owner: 255
        }
    }
}

/// The source of a heard advert against ours.
enum Origin: CaseIterable {
    case lower, same, higher

    var address: IPAddress {
        switch self {
        case .lower: Node.lower
        case .same: Node.own
        case .higher: Node.higher
        }
    }
}

/// What happens in a cell.
enum Happening: Hashable {
    case startup, shutdown
    case advert(Rank, Origin)
    case timer(Timer)
    case added(isCurrent: Bool, isDone: Bool)
    case lost
    case source(isKnown: Bool)
    case faultBegan
    case faultEnded(isHeld: Bool)
    case plainCheck(CheckOutcome)
    case weightedCheck(CheckOutcome)
    case adjust(Int)
    case interface(isUp: Bool)
    case sendFailed
    case reconfigure(isNew: Bool)
    case promote, stepDown
    case answer(isCurrent: Bool, GateVerdict)
    case extend(Int)

    static let all: [Happening] = {
        var all: [Happening] = [.startup, .shutdown, .lost, .faultBegan, .sendFailed, .promote, .stepDown]
        for rank in Rank.allCases { all += Origin.allCases.map { .advert(rank, $0) } }
        all += Timer.allCases.map { .timer($0) }
        for flag in [true, false] {
            all += [.added(isCurrent: flag, isDone: true), .added(isCurrent: flag, isDone: false)]
            all += [.source(isKnown: flag), .faultEnded(isHeld: flag), .interface(isUp: flag)]
            all.append(.reconfigure(isNew: flag))
        }
        for outcome in [CheckOutcome.passed, .failed("refused"), .broken("line 3")] {
            all += [.plainCheck(outcome), .weightedCheck(outcome)]
        }
        for verdict in [GateVerdict.allowed(until: nil), .denied("no"), .failed("bug"), .timedOut("slow")] {
            all += [.answer(isCurrent: true, verdict), .answer(isCurrent: false, verdict)]
        }
        return all + [.adjust(-30), .adjust(30), .adjust(0), .extend(60), .extend(-60)]
    }()

    func input(for bench: Bench, _ setting: Setting) -> Input {
        switch self {
        case .startup: .startup
        case .shutdown: .shutdown
        case .advert(let rank, let origin):
            .advert(
                ReceivedAdvert(priority: rank.value(setting.ours), interval: .seconds(1), source: origin.address))
        case .timer(let timer): .timer(timer)
        case .added(let isCurrent, let isDone):
            .addressesAdded(
                token: bench.instance.mastership.lastToken &- (isCurrent ? 0 : 1), isDone ? .done : .failed("EPERM"))
        case .lost: .addressLost(Node.virtual)
        case .source(let isKnown): .sourceAddress(isKnown ? Node.own : nil)
        case .faultBegan: .faultBegan(.linkDown("eth9"))
        case .faultEnded(let isHeld): .faultEnded(.linkDown(isHeld ? "eth0" : "eth8"))
        case .plainCheck(let outcome): .check(CheckID(0), outcome)
        case .weightedCheck(let outcome): .check(CheckID(1), outcome)
        case .adjust(let delta): .adjustPriority(key: "lag", delta: delta, reason: "")
        case .interface(let isUp): .trackedInterface(index: 0, isUp: isUp)
        case .sendFailed: .sendFailed("EPERM")
        case .reconfigure(let isNew):
            .reconfigure(setting.config { config in if isNew { config.interval = .seconds(2) } })
        case .promote: .group(.promote(group: "VG"))
        case .stepDown: .group(.stepDown(group: "VG", becauseOf: "VI_2"))
        case .answer(let isCurrent, let verdict):
            .gateAnswered(
                question: bench.instance.lastQuestion &+ (isCurrent ? 0 : 1), gate: Setting.gate, verdict)
        case .extend(let seconds): .extendLease(gate: Setting.gate, until: bench.now + .seconds(seconds))
        }
    }
}

/// The settings that matter to some cell.
struct Setting: Hashable {
    var version: VRRPVersion
    var ours: UInt8
    var preempts: Bool
    var answers: Bool
    var isGrouped: Bool
    var isGated: Bool

    static let gate = "witness.reach"

    private static let all: [Setting] = {
        var all: [Setting] = []
        for version in [VRRPVersion.v2, .v3] {
            for bits in 0..<32 {
                all.append(
                    Setting(
                        version: version, ours: bits & 1 == 0 ? 100 : 255, preempts: bits & 2 == 0,
                        answers: bits & 4 == 0, isGrouped: bits & 8 == 0, isGated: bits & 16 == 0))
            }
        }
        return all
    }()

    /// Without gates nobody has asked one, and nobody has a lease.
    static func all(for stage: Stage) -> [Setting] {
        switch stage {
        case .questioning, .leased: all.filter(\.isGated)
        case .initialize, .backup, .asking, .serving, .fault: all
        }
    }

    func config(_ change: (inout InstanceConfig) -> Void = { _ in }) -> InstanceConfig {
        Bench.config(version, priority: ours) { config in
            config.preempts = preempts
            config.answersLowerPriority = answers
            config.checks = [CheckConfig(name: "plain"), CheckConfig(name: "weighted", weight: -20)]
            config.trackedInterfaces = [TrackedInterfaceConfig(name: "eth1", weight: -10)]
            if isGated { config.gates = [GateConfig(name: Self.gate, timeout: .seconds(1))] }
            // Due before the next advert, so that its timer can be looked at alone.
            config.announce.delay = .milliseconds(500)
            change(&config)
        }
    }
}

struct Cell {
    var stage: Stage
    var happening: Happening
    var setting: Setting

    /// An instance that stands at the stage, by the shortest way there.
    func prepared() -> Bench {
        var bench = Bench(setting.config())
        bench.instance.join(setting.isGrouped ? "VG" : nil)
        bench.give(.check(CheckID(0), .passed))
        guard stage != .initialize else { return bench }
        if stage == .fault { bench.give(.faultBegan(.linkDown("eth0"))) }
        bench.give(.startup)
        switch stage {
        case .initialize, .fault: break
        case .backup:
            let isAsking = bench.instance.question != nil
            if bench.instance.state == .master || isAsking { bench.hear(255, from: Node.higher) }
        case .questioning: if bench.instance.question == nil { bench.expire(.masterDown) }
        case .asking, .serving:
            if bench.instance.state == .backup { bench.give(.group(.promote(group: "VG"))) }
            if stage == .serving { bench.confirm() }
        case .leased:
            if bench.instance.question == nil { bench.expire(.masterDown) }
            let verdict = GateVerdict.allowed(until: bench.now + .milliseconds(1200))
            bench.give(.gateAnswered(question: bench.instance.lastQuestion, gate: Setting.gate, verdict))
            if setting.isGrouped { bench.give(.group(.promote(group: "VG"))) }
            bench.confirm()
        }
        return bench
    }
}
