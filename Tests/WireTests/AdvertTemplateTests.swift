/// The prebuilt packet: its first form, and every change of its priority.
import Testing
import Wire

@Suite struct AdvertTemplateTests {
    private func template(_ golden: GoldenAdvert, priority: UInt8, timeToLive: UInt8 = 255) -> AdvertTemplate {
        var advert = golden.advert
        advert.priority = priority
        return AdvertTemplate(
            advert, addresses: golden.list, from: golden.source, to: golden.destination, timeToLive: timeToLive)
    }

    @Test("over IPv4 the packet is an IP header and the advert", arguments: goldenAdverts)
    func packet(golden: GoldenAdvert) throws {
        let template = template(golden, priority: golden.advert.priority)
        switch golden.source.family {
        case .ipv4:
            let header = try IPv4Header.decode(template.bytes)
            #expect(.v4(header.source) == golden.source)
            #expect(.v4(header.destination) == golden.destination)
            #expect(header.timeToLive == 255)
            #expect(header.typeOfService == 0xC0)
            #expect(Array(template.bytes[header.payload]) == golden.bytes)
        case .ipv6:
            #expect(template.bytes == golden.bytes)
        }
    }

    @Test("setting the priority gives the packet that encoding anew would give", arguments: goldenAdverts)
    func everyPriority(golden: GoldenAdvert) {
        let fresh = (0...255).map { template(golden, priority: UInt8($0)).bytes }
        // Every pair of priorities for one packet; a walk through all of them for the others.
        let firsts = golden.name == goldenAdverts[0].name ? 0...255 : 200...200
        for first in firsts {
            var template = template(golden, priority: UInt8(first))
            for next in 0...255 {
                template.priority = UInt8(next)
                #expect(template.priority == UInt8(next))
                #expect(template.bytes == fresh[next], "from \(first) to \(next)")
                if firsts.count > 1 { template.priority = UInt8(first) }
            }
        }
    }

    @Test("a unicast packet has the TTL that was asked for")
    func timeToLive() throws {
        let header = try IPv4Header.decode(template(goldenAdverts[10], priority: 1, timeToLive: 64).bytes)
        #expect(header.timeToLive == 64)
    }
}
