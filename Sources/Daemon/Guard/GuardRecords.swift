/// What the guard has seen and done, for metrics and status: counts that only grow, and what holds right now.
import VRRPCore
import Wire

/// Fed with the core's events and with the news on their way to the core. Lives on the main thread.
package final class GuardRecords {
    /// One instance.
    package struct Record {
        /// By the word of the reason, and by the word of the difference.
        package fileprivate(set) var holds: [String: UInt64] = [:]
        package fileprivate(set) var mismatches: [String: UInt64] = [:]
        /// Stations that used an address while this node held it.
        package fileprivate(set) var conflictingClaims: UInt64 = 0
        /// Times that the kernel ended the service of the addresses.
        package fileprivate(set) var expirations: UInt64 = 0
        /// Adverts that only the tap has seen.
        package fileprivate(set) var dropped: UInt64 = 0
        /// What came from stations: "vip", "host", "decoy".
        package fileprivate(set) var replies: [String: UInt64] = [:]
        /// Nanoseconds with a second master.
        package fileprivate(set) var dualNanoseconds: Int64 = 0
        fileprivate var dualHeard: Int64?
        fileprivate var masterDown: Int64 = 0
        /// The promotion that is held, in words, since when, and the longest that it may take.
        package fileprivate(set) var hold: (sentence: String, since: Int64, limit: Duration?)?
        package fileprivate(set) var firewalled: IPAddress?
        package fileprivate(set) var unheard: IPAddress?
        package fileprivate(set) var silent: [IPAddress] = []
        package fileprivate(set) var proxies: [MACAddress] = []
    }

    static let replyWords = ["vip", "host", "decoy"]

    private var records: [InstanceID: Record] = [:]

    package init() {}

    package subscript(_ id: InstanceID) -> Record { records[id] ?? Record() }

    package func forget(_ id: InstanceID) { records[id] = nil }

    /// Whether a second master is there, as far as is known.
    package func isDual(_ id: InstanceID, now: Int64) -> Bool {
        guard let record = records[id], let heard = record.dualHeard else { return false }
        return now - heard < record.masterDown
    }

    /// Something that the core is about to be told.
    func count(_ news: GuardNews, of id: InstanceID) {
        switch news {
        case .claim: records[id, default: Record()].replies["vip", default: 0] += 1
        case .hostAnswered: records[id, default: Record()].replies["host", default: 0] += 1
        case .decoyAnswered: records[id, default: Record()].replies["decoy", default: 0] += 1
        case .tapped: records[id, default: Record()].dropped += 1
        case .foreignAdvert, .heartbeat, .carrying: break
        }
    }

    package func note(_ event: Event, of id: InstanceID, _ instance: Instance, now: Int64) {
        switch event {
        case .guarded(let event): note(event, instance.config, now, &records[id, default: Record()])
        case .dualMaster(_, _, yielding: false): noteDual(instance, now, &records[id, default: Record()])
        case .transition: records[id]?.dualHeard = nil
        default: break
        }
    }

    private func note(_ event: GuardEvent, _ config: InstanceConfig, _ now: Int64, _ record: inout Record) {
        switch event {
        case .promotionHeld(let reason, let limit):
            record.holds[reason.word, default: 0] += 1
            record.hold = (reason.sentence(in: config), record.hold?.since ?? now, limit)
        case .holdEnded: record.hold = nil
        case .mismatch(let advert): record.mismatches[advert.word, default: 0] += 1
        case .addressListDiffers: record.mismatches[event.word, default: 0] += 1
        case .addressClaimed: record.conflictingClaims += 1
        case .deadManExpired: record.expirations += 1
        case .localFirewall(let peer, let isDropping):
            record.firewalled = isDropping ? peer : nil
            if isDropping, record.unheard == peer { record.unheard = nil }
        case .advertsLost(let peer, let isLost): record.unheard = isLost ? peer : nil
        case .peerSilent(let peer, let isSilent):
            record.silent.removeAll { $0 == peer }
            if isSilent { record.silent.append(peer) }
        case .proxyAnswers(let hardware): record.proxies.append(hardware)
        case .yieldingToForeign, .peerDeaf: break
        }
    }

    /// Two adverts of the other master within a master down interval span a time with two masters.
    private func noteDual(_ instance: Instance, _ now: Int64, _ record: inout Record) {
        record.masterDown = instance.ownMasterDownInterval.inNanoseconds
        if let heard = record.dualHeard, now - heard < record.masterDown { record.dualNanoseconds += now - heard }
        record.dualHeard = now
    }
}
