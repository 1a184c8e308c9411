/// Advertisement intervals and their numbers on the wire.
import Testing
import Wire

@Suite struct IntervalTests {
    @Test("version 2 counts whole seconds from 1 to 255")
    func version2() {
        for seconds in 1...255 {
            #expect(VRRPVersion.v2.intervalField(for: .seconds(seconds)) == UInt16(seconds))
        }
        for interval: Duration in [.zero, .seconds(256), .milliseconds(1500), .seconds(-1), .seconds(1 << 40)] {
            #expect(VRRPVersion.v2.intervalField(for: interval) == nil)
        }
    }

    @Test("version 3 counts hundredths of a second from 1 to 4095")
    func version3() {
        for centiseconds in 1...4095 {
            #expect(VRRPVersion.v3.intervalField(for: .milliseconds(centiseconds * 10)) == UInt16(centiseconds))
        }
        for interval: Duration in [
            .zero, .milliseconds(5), .milliseconds(15), .milliseconds(40_960), .nanoseconds(10_000_001),
            .milliseconds(-10),
        ] {
            #expect(VRRPVersion.v3.intervalField(for: interval) == nil)
        }
    }

    @Test("the units are those of the wire")
    func units() {
        #expect(VRRPVersion.v2.intervalField(for: VRRPVersion.v2.intervalUnit) == 1)
        #expect(VRRPVersion.v3.intervalField(for: VRRPVersion.v3.intervalUnit) == 1)
    }
}
