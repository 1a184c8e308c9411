/// The second opinion of the matrix: a table, written from RFC 9568 §6.4 and the requirements, not from the code.
import Wire

@testable import VRRPCore

/// One row: in these stages, when this happens, the instance does these things and stands there afterwards.
struct Row: Sendable {
    var stages: Set<Stage>
    var matches: @Sendable (Cell) -> Bool
    /// nil: it stays.
    var next: State?
    var does: @Sendable (Cell) -> [String]

    init(
        _ stages: Set<Stage>, _ matches: @escaping @Sendable (Cell) -> Bool, to next: State? = nil,
        _ does: @escaping @Sendable (Cell) -> [String]
    ) {
        self.stages = stages
        self.matches = matches
        self.next = next
        self.does = does
    }
}

enum Oracle {
    struct Verdict {
        var state: State
        var does: [String]
    }

    /// The first row that fits decides. What no row mentions must do nothing.
    static func verdict(on cell: Cell) -> Verdict {
        let index = row(for: cell)
        guard index < rows.count else { return Verdict(state: cell.stage.state, does: []) }
        return Verdict(state: rows[index].next ?? cell.stage.state, does: rows[index].does(cell))
    }

    static func row(for cell: Cell) -> Int {
        rows.firstIndex { $0.stages.contains(cell.stage) && $0.matches(cell) } ?? rows.count
    }

    static let master: Set<Stage> = [.asking, .serving, .leased]
    static let confirmed: Set<Stage> = [.serving, .leased]
    static let backup: Set<Stage> = [.backup, .questioning]
    static let idle: Set<Stage> = [.initialize, .questioning, .fault]

    static let rows: [Row] = starting + listening + asking + serving + broken + adjusting

    // Leaving a mastership: addresses first, the goodbye if there is one, then the timers.
    @Sendable static func letGo(_ cell: Cell, goodbye: Bool) -> [String] {
        ["remove"] + (goodbye ? ["advert 0"] : []) + ["disarm advert"]
            + (confirmed.contains(cell.stage) ? ["disarm announceDelay"] : [])
            + (cell.stage == .leased ? ["disarm lease"] : [])
    }

    // Leaving the wait for a master's silence, or the wait for the gates.
    @Sendable static func stopWaiting(_ cell: Cell) -> [String] {
        cell.stage == .questioning ? ["disarm gate", "cancel"] : ["disarm masterDown"]
    }

    static let question = ["ask", "arm gate", "tell asked"]

    @Sendable static func takeUp(_ cell: Cell) -> [String] { ["advert \(cell.setting.ours)", "add", "arm advert"] }

    /// The owner that nobody and nothing holds back.
    @Sendable static func isFreeOwner(_ cell: Cell) -> Bool {
        cell.setting.ours == 255 && !cell.setting.isGrouped && !cell.setting.isGated
    }

    @Sendable static func isGatedOwner(_ cell: Cell) -> Bool { cell.setting.ours == 255 && cell.setting.isGated }

    @Sendable static func advert(_ cell: Cell) -> (rank: Rank, origin: Origin)? {
        guard case .advert(let rank, let origin) = cell.happening else { return nil }
        // Nothing is greater than the owner; a greater or owner's advert equals ours then.
        guard cell.setting.ours == 255, rank == .greater || rank == .owner else { return (rank, origin) }
        return (.equal, origin)
    }

    static let starting: [Row] = [
        // S-01
        Row([.initialize], { $0.happening == .startup && isFreeOwner($0) }, to: .master) {
            takeUp($0) + ["INIT→MASTER owner"]
        },
        // The owner does not wait for others, but it does ask its gates.
        Row([.initialize], { $0.happening == .startup && isGatedOwner($0) }, to: .backup) { _ in
            ["arm masterDown", "INIT→BACKUP startup", "disarm masterDown"] + question
        },
        // S-02
        Row([.initialize], { $0.happening == .startup }, to: .backup) { _ in
            ["arm masterDown", "INIT→BACKUP startup"]
        },
        // S-05, S-10
        Row(backup, { $0.happening == .shutdown }, to: .initialize) { stopWaiting($0) + ["BACKUP→INIT shutdown"] },
        Row(master, { $0.happening == .shutdown }, to: .initialize) {
            letGo($0, goodbye: true) + ["MASTER→INIT shutdown"]
        },
        Row([.fault], { $0.happening == .shutdown }, to: .initialize) { _ in ["FAULT→INIT shutdown"] },
    ]

    static let listening: [Row] = [
        // With gates, silence is the reason to ask them.
        Row([.backup], { $0.happening == .timer(.masterDown) && $0.setting.isGated }) { _ in question },
        // S-06; a member of a sync group waits for the others.
        Row([.backup], { $0.happening == .timer(.masterDown) && $0.setting.isGrouped }) { _ in ["arm masterDown"] },
        Row([.backup], { $0.happening == .timer(.masterDown) }, to: .master) {
            takeUp($0) + ["BACKUP→MASTER master_down"]
        },
        Row(backup, { $0.happening == .promote }, to: .master) { cell in
            let isWishing = cell.setting.ours == 255 && cell.setting.isGrouped && !cell.setting.isGated
            let word = isWishing ? "owner" : "sync_group"
            return stopWaiting(cell) + takeUp(cell) + ["BACKUP→MASTER \(word)"]
        },
        // S-07
        Row([.backup], { advert($0)?.rank == .zero }) { _ in ["arm masterDown"] },
        Row([.questioning], { advert($0)?.rank == .zero }) { _ in [] },
        // S-09: the timer runs on. The owner preempts whatever the configuration says.
        Row(backup, { advert($0)?.rank == .lower && ($0.setting.preempts || $0.setting.ours == 255) }) {
            newMaster($0)
        },
        // S-08
        Row([.backup], { advert($0) != nil }) { ["arm masterDown"] + newMaster($0) },
        Row([.questioning], { advert($0) != nil }) {
            stopWaiting($0) + ["arm masterDown", "tell dropped"] + newMaster($0)
        },
    ]

    // The question: all gates allow it, or one of them denies it by its word, its failure or its silence.
    static let asking: [Row] = [
        Row([.questioning], { isAnswer($0, .allowed(until: nil)) && $0.setting.isGrouped }) { _ in
            ["disarm gate", "arm masterDown"]
        },
        Row([.questioning], { isAnswer($0, .allowed(until: nil)) }, to: .master) { cell in
            let word = cell.setting.ours == 255 ? "owner" : "master_down"
            return ["disarm gate"] + takeUp(cell) + ["BACKUP→MASTER \(word)"]
        },
        Row([.questioning], { $0.happening == .timer(.gate) }) { _ in ["arm masterDown", "tell denied"] },
        Row(
            [.questioning],
            { isAnswer($0, .denied("no")) || isAnswer($0, .failed("bug")) || isAnswer($0, .timedOut("slow")) }
        ) { _ in ["disarm gate", "arm masterDown", "tell denied"] },
        Row([.leased], { $0.happening == .timer(.lease) }, to: .backup) {
            letGo($0, goodbye: true) + ["arm masterDown", "MASTER→BACKUP lease_expired"]
        },
        Row([.leased], { $0.happening == .extend(60) }) { _ in ["arm lease"] },
        Row([.leased], { $0.happening == .extend(-60) }, to: .backup) {
            ["arm lease"] + letGo($0, goodbye: true) + ["arm masterDown", "MASTER→BACKUP lease_expired"]
        },
    ]

    @Sendable static func isAnswer(_ cell: Cell, _ verdict: GateVerdict) -> Bool {
        cell.happening == .answer(isCurrent: true, verdict)
    }

    /// The owner became, or stayed, backup in this test because it heard the higher address; that master is known already.
    @Sendable static func newMaster(_ cell: Cell) -> [String] {
        let isKnown = cell.stage == .backup && (isFreeOwner(cell) || isGatedOwner(cell))
        return isKnown && advert(cell)?.origin == .higher ? [] : ["tell master"]
    }

    static let serving: [Row] = [
        // S-11
        Row(master, { $0.happening == .timer(.advert) }) { ["advert \($0.setting.ours)", "arm advert"] },
        Row(confirmed, { $0.happening == .timer(.announceDelay) }) { _ in ["announce delayed 5"] },
        // S-12
        Row(master, { advert($0)?.rank == .zero }) { ["advert \($0.setting.ours)", "arm advert"] },
        // S-15
        Row(master, { advert($0)?.rank == .equal && advert($0)?.origin == .same }) { _ in ["tell duplicate"] },
        // S-14
        Row([.asking], { isLosing($0) && $0.setting.answers }) { ["advert \($0.setting.ours)", "tell dual"] },
        Row([.asking], isLosing) { _ in ["tell dual"] },
        Row(confirmed, isLosing) { cell in
            (cell.setting.answers ? ["advert \(cell.setting.ours)"] : [])
                + ["announce lowerPriorityHeard 5", "arm announceDelay", "tell dual"]
        },
        // S-13
        Row(master, { advert($0) != nil }, to: .backup) {
            letGo($0, goodbye: false) + ["arm masterDown", "tell dual, yielding", "MASTER→BACKUP lost_election"]
        },
        Row(master, { $0.happening == .stepDown }, to: .backup) {
            letGo($0, goodbye: true) + ["arm masterDown", "MASTER→BACKUP sync_group"]
        },
        Row([.asking], { $0.happening == .added(isCurrent: true, isDone: true) }) { _ in
            ["announce becameMaster 5", "arm announceDelay", "tell serving"]
        },
        Row([.asking], { $0.happening == .added(isCurrent: true, isDone: false) }, to: .backup) {
            letGo($0, goodbye: true) + ["arm masterDown", "MASTER→BACKUP address_refused"]
        },
        Row(confirmed, { $0.happening == .lost }) { _ in ["add", "tell lost"] },
        Row(master, { $0.happening == .reconfigure(isNew: true) }) { ["advert \($0.setting.ours)", "arm advert"] },
        Row([.backup], { $0.happening == .reconfigure(isNew: true) }) { _ in ["arm masterDown"] },
    ]

    @Sendable static func isLosing(_ cell: Cell) -> Bool {
        guard let advert = advert(cell) else { return false }
        return advert.rank == .lower || (advert.rank == .equal && advert.origin == .lower)
    }

    static let plainFailure = Happening.plainCheck(.failed("refused"))

    static let broken: [Row] = [
        // S-16
        Row(backup, { $0.happening == .faultBegan }, to: .fault) { stopWaiting($0) + ["BACKUP→FAULT link_down"] },
        Row(master, { $0.happening == .faultBegan }, to: .fault) {
            letGo($0, goodbye: true) + ["MASTER→FAULT link_down"]
        },
        Row(backup, { $0.happening == plainFailure }, to: .fault) {
            stopWaiting($0) + ["tell check", "BACKUP→FAULT check_failed"]
        },
        Row(master, { $0.happening == plainFailure }, to: .fault) {
            letGo($0, goodbye: true) + ["tell check", "MASTER→FAULT check_failed"]
        },
        Row([.fault], { $0.happening == .faultBegan }) { _ in ["tell faults"] },
        Row([.fault], { $0.happening == plainFailure }) { _ in ["tell check", "tell faults"] },
        Row([.initialize], { $0.happening == plainFailure }) { _ in ["tell check"] },
        Row([.fault], { $0.happening == .plainCheck(.broken("line 3")) }) { _ in ["tell broken", "tell faults"] },
        Row(Set(Stage.allCases), { $0.happening == .plainCheck(.broken("line 3")) }) { _ in ["tell broken"] },
        Row([.fault], { $0.happening == .faultEnded(isHeld: true) && isFreeOwner($0) }, to: .master) {
            takeUp($0) + ["FAULT→MASTER owner"]
        },
        Row([.fault], { $0.happening == .faultEnded(isHeld: true) && isGatedOwner($0) }, to: .backup) { _ in
            ["arm masterDown", "FAULT→BACKUP recovered", "disarm masterDown"] + question
        },
        Row([.fault], { $0.happening == .faultEnded(isHeld: true) }, to: .backup) { _ in
            ["arm masterDown", "FAULT→BACKUP recovered"]
        },
        // S-17
        Row([.fault], { advert($0).map { $0.rank != .zero } ?? false }) { _ in ["tell master"] },
    ]

    /// By how much an input moves the priority; nil when it has nothing to do with it.
    @Sendable static func shift(_ cell: Cell) -> Int? {
        switch cell.happening {
        case .adjust(let delta): delta
        case .interface(let isUp): isUp ? 0 : -10
        case .weightedCheck(.failed): -20
        default: nil
        }
    }

    @Sendable static func moves(_ cell: Cell) -> Bool { cell.setting.ours != 255 && (shift(cell) ?? 0) != 0 }

    /// A weighted check tells of itself first, after what had to be done.
    @Sendable static func tale(_ cell: Cell) -> [String] {
        if case .weightedCheck = cell.happening { ["tell check"] } else { [] }
    }

    static let adjusting: [Row] = [
        Row(master, moves) { cell in
            ["advert \(Int(cell.setting.ours) + (shift(cell) ?? 0))"] + tale(cell) + ["tell priority"]
        },
        Row([.backup], moves) { ["arm masterDown"] + tale($0) + ["tell priority"] },
        Row(idle, moves) { tale($0) + ["tell priority"] },
        Row(Set(Stage.allCases), { $0.happening == .weightedCheck(.broken("line 3")) }) { _ in ["tell broken"] },
        Row(
            Set(Stage.allCases),
            { $0.happening == .weightedCheck(.passed) || $0.happening == .weightedCheck(.failed("refused")) }
        ) { tale($0) },
    ]
}
