/// What status and metrics know of the guard, and what log and hooks are spared.
import Logging
import Testing
import VRRPCore
import Wire

@testable import Daemon

private let id = InstanceID(0)
private let peer = IPAddress.v4(IPv4Address(rawValue: 0xC0A8_0414))
private let virtual = IPAddress.v4(IPv4Address(rawValue: 0xC0A8_04C8))
private let station = MACAddress(rawValue: 0x0200_0000_0014)
private let second: Int64 = 1_000_000_000

private func instance() -> Instance {
    var config = InstanceConfig(name: "VI_1", version: .v3, virtualRouterID: 51)
    config.virtualAddresses = [virtual]
    return Instance(config)
}

@Suite struct GuardRecordsTests {
    private func note(_ event: GuardEvent, _ records: GuardRecords, at time: Int64 = 0) {
        records.note(.guarded(event), of: id, instance(), now: time)
    }

    @Test("a hold is counted by its reason, and shown until it ends")
    func holds() throws {
        let records = GuardRecords()
        let reason = HoldReason.staleAddress(virtual, of: peer)
        note(.promotionHeld(reason, limit: .seconds(3)), records, at: second)
        #expect(records[id].holds == ["stale_address": 1])
        let hold = try #require(records[id].hold)
        #expect(hold.since == second && hold.limit == .seconds(3))
        #expect(hold.sentence.hasPrefix("192.168.4.20 sends no adverts and still answers for 192.168.4.200"))
        note(.holdEnded(reason, after: .seconds(1), isGone: true), records)
        #expect(records[id].hold == nil)
        #expect(records[id].holds == ["stale_address": 1])
    }

    @Test("what has begun is shown until it ends")
    func states() {
        let records = GuardRecords()
        for flag in [true, false] {
            note(.localFirewall(peer, isDropping: flag), records)
            note(.advertsLost(peer, isLost: flag), records)
            note(.peerSilent(peer, isSilent: flag), records)
            #expect(records[id].firewalled == (flag ? peer : nil))
            #expect(records[id].unheard == (flag ? peer : nil))
            #expect(records[id].silent == (flag ? [peer] : []))
        }
        records.forget(id)
        #expect(records[id].holds.isEmpty)
    }

    @Test("mismatches count by their kind, answers by what was asked for")
    func counts() {
        let records = GuardRecords()
        func foreign(_ difference: AdvertDifference) -> ForeignAdvert {
            ForeignAdvert(source: peer, priority: 100, interval: .seconds(1), difference: difference)
        }
        for difference in [AdvertDifference.password, .authentication, .virtualRouterID(196)] {
            note(.mismatch(foreign(difference)), records)
        }
        note(.addressListDiffers(peer, theirs: []), records)
        #expect(
            records[id].mismatches == ["auth_mismatch": 2, "vrid_mismatch": 1, "address_list_mismatch": 1])
        records.count(.claim(AddressClaim(virtual, by: station)), of: id)
        records.count(.hostAnswered(peer, station), of: id)
        records.count(.decoyAnswered(station), of: id)
        #expect(records[id].replies == ["vip": 1, "host": 1, "decoy": 1])
        records.count(.tapped(ReceivedAdvert(priority: 1, interval: .seconds(1), source: peer)), of: id)
        #expect(records[id].dropped == 1)
    }

    @Test("the time with two masters is what lies between the other one's adverts, and ends with its silence")
    func dual() {
        let records = GuardRecords()
        let event = Event.dualMaster(peer: peer, peerPriority: 100, yielding: false)
        for time in [0, 1, 2] { records.note(event, of: id, instance(), now: Int64(time) * second) }
        #expect(records[id].dualNanoseconds == 2 * second)
        #expect(records.isDual(id, now: 3 * second))
        #expect(!records.isDual(id, now: 6 * second))
        records.note(event, of: id, instance(), now: 60 * second)
        #expect(records[id].dualNanoseconds == 2 * second, "nobody knows of the time between")
        records.note(
            .transition(from: .master, to: .backup, .shutdown, sequence: 1), of: id, instance(), now: 61 * second)
        #expect(!records.isDual(id, now: 61 * second))
    }
}

@Suite struct GuardEventTests {
    /// The lines that a publisher writes.
    private final class Lines: @unchecked Sendable {
        // One thread writes and reads.
        var lines: [String] = []
    }

    private struct Handler: LogHandler {
        let sink: Lines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: LogEvent) {
            let fields = ["guard", "peer", "vip"].compactMap { key in event.metadata?[key].map { "\(key)=\($0)" } }
            sink.lines.append(([event.level.rawValue, event.message.description] + fields).joined(separator: " | "))
        }
    }

    private func publish(_ events: [GuardEvent], at time: (Int) -> Int64 = { Int64($0) }) -> [String] {
        let lines = Lines()
        let publisher = EventPublisher(logger: Logger(label: "test") { _ in Handler(sink: lines) })
        for (number, event) in events.enumerated() {
            publisher.publish(.guarded(event), of: id, instance(), interface: "eth0", now: time(number))
        }
        return lines.lines
    }

    @Test("alarms are warnings, their ends are notices, and both carry their facts as fields")
    func levels() {
        let lines = publish([.localFirewall(peer, isDropping: true), .localFirewall(peer, isDropping: false)])
        #expect(lines.count == 2)
        #expect(
            lines.first?.hasPrefix("warning | VI_1: this host's firewall drops the adverts of 192.168.4.20") == true)
        #expect(lines.first?.hasSuffix("guard=local_firewall_drops_vrrp | peer=192.168.4.20") == true)
        #expect(lines.last?.hasPrefix("notice | ") == true)
        let claim = publish([.addressClaimed(AddressClaim(virtual, by: station))])
        #expect(claim.first?.hasSuffix("guard=vip_claim | vip=192.168.4.200") == true)
    }

    @Test("a flood of forged adverts is a few lines in ten seconds, whoever they say they are from")
    func flood() {
        let forged = (0..<10_000).map { number in
            GuardEvent.mismatch(
                ForeignAdvert(
                    source: .v4(IPv4Address(rawValue: 0x0A00_0000 + UInt32(number))), priority: 1,
                    interval: .seconds(1),
                    difference: .virtualRouterID(9)))
        }
        // A thousand a second.
        let lines = publish(forged) { Int64($0) * second / 1_000 }
        #expect(lines.count == 8)
    }
}
