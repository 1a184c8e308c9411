/// Another node that was heard as master.
import Wire

package struct Master: Hashable, Sendable {
    package var address: IPAddress
    package var priority: UInt8
    package var lastHeard: Time

    init(_ advert: ReceivedAdvert, heard now: Time) {
        address = advert.source
        priority = advert.priority
        lastHeard = now
    }
}
