/// Every state with every input, in every combination of settings that matters, against a second opinion.
import Testing
import Wire

@testable import VRRPCore

@Suite("The state machine, cell by cell")
struct MatrixTests {
    @Test("does what the table says, in each cell of one stage and one input", arguments: Stage.allCases, Happening.all)
    func cell(stage: Stage, happening: Happening) {
        for setting in Setting.all {
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
                for setting in Setting.all {
                    used.insert(Oracle.row(for: Cell(stage: stage, happening: happening, setting: setting)))
                }
            }
        }
        #expect(used == Set(0...Oracle.rows.count))
        #expect(Stage.allCases.count * Happening.all.count * Setting.all.count >= 3_900)
    }
}

/// Where the instance stands. A master that waits for the kernel differs from one that serves.
enum Stage: CaseIterable, Sendable {
    case initialize, backup, asking, serving, fault

    var state: State {
        switch self {
        case .initialize: .initialize
        case .backup: .backup
        case .asking, .serving: .master
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
        return all + [.adjust(-30), .adjust(30), .adjust(0)]
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

    static let all: [Setting] = {
        var all: [Setting] = []
        for version in [VRRPVersion.v2, .v3] {
            for bits in 0..<16 {
                all.append(
                    Setting(
                        version: version, ours: bits & 1 == 0 ? 100 : 255, preempts: bits & 2 == 0,
                        answers: bits & 4 == 0, isGrouped: bits & 8 == 0))
            }
        }
        return all
    }()

    func config(_ change: (inout InstanceConfig) -> Void = { _ in }) -> InstanceConfig {
        Bench.config(version, priority: ours) { config in
            config.preempts = preempts
            config.answersLowerPriority = answers
            config.checks = [CheckConfig(name: "plain"), CheckConfig(name: "weighted", weight: -20)]
            config.trackedInterfaces = [TrackedInterfaceConfig(name: "eth1", weight: -10)]
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
        case .backup: if bench.instance.state == .master { bench.hear(255, from: Node.higher) }
        case .asking, .serving:
            if bench.instance.state == .backup { bench.give(.group(.promote(group: "VG"))) }
            if stage == .serving { bench.confirm() }
        }
        return bench
    }
}
