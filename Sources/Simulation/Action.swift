/// The fault alphabet: everything that can be done to a simulated world from outside.
import VRRPCore
import Wire

/// Which instance of which node; a node with one instance needs no instance name.
package struct Target: Hashable, Sendable {
    package var node: String
    package var instance: String?

    package init(_ node: String, _ instance: String? = nil) {
        self.node = node
        self.instance = instance
    }
}

/// One fault of one direction.
package enum LinkFault: Hashable, Sendable {
    case cut(Bool)
    case multicastDropped(Bool)
    /// In millionths.
    case loss(Int)
    case duplication(Int)
    case reordering(Int)
    case delay(Duration, jitter: Duration)
}

/// Done to a daemon's process.
package enum ProcessAction: Hashable, Sendable {
    case start
    /// SIGTERM: the daemon says goodbye and exits.
    case stop
    /// SIGKILL: the kernel keeps the addresses.
    case kill
    /// SIGSTOP: the process stands, the kernel serves on.
    case pause
    /// SIGCONT
    case resume
    /// The process gets no processor for this long, then goes on by itself.
    case stall(Duration)
    /// Every turn of the loop is up to this late.
    case latency(Duration)
    /// The script thread hangs or dies; the main thread goes on.
    case scriptDies
    /// A fresh script thread begins.
    case scriptReturns
}

/// Done to a host.
package enum HostAction: Hashable, Sendable {
    /// Power off: process and addresses are gone.
    case crash
    case link(isUp: Bool)
    /// Sending fails with this sentence; nil: it works again.
    case mute(String?)
    /// The kernel refuses addresses with this sentence; nil: it takes them again.
    case refuse(String?)
    /// What the host's own firewall keeps from its daemon.
    case firewall(Firewall)
    /// The kernel takes this long to remove addresses.
    case slowRelease(Duration)
    /// The clock runs this many millionths fast (or, negative, slow).
    case clock(partsPerMillion: Int64)
}

/// Done to the segment that all stations share.
package enum SegmentAction: Hashable, Sendable {
    case link(from: String, to: String, LinkFault)
    /// Stations that are not named form one more group.
    case partition([[String]])
    /// Ends every fault of the segment.
    case heal
}

/// Done by a station that VRRP knows nothing of.
package enum StrangerAction: Hashable, Sendable {
    /// It answers for every address, or no longer.
    case proxy(Bool)
    /// It has taken this address for its own; nil: it has given it back.
    case use(IPAddress?)
    /// It announces the address once, and does not have it.
    case claim(IPAddress)
    /// It sends such adverts without end; nil: it stops.
    case forge(Forgery?)
}

/// Done to one virtual router instance.
package enum InstanceAction: Hashable, Sendable {
    case check(name: String, CheckOutcome)
    case adjust(key: String, delta: Int, reason: String)
    case demote(key: String, reason: String)
    case undemote(key: String, reason: String)
    /// From now on the script of a gate does this.
    case gate(name: String, GateBehaviour)
    /// A script moves the end of a lease to so long from now.
    case extend(gate: String, Duration)
    /// A new configuration, as after a reload.
    case reload(InstanceConfig)
    /// A third party removes the virtual addresses.
    case steal
}

package enum Action: Hashable, Sendable {
    case process(ProcessAction, of: String)
    case host(HostAction, of: String)
    case segment(SegmentAction, on: Segment = .service)
    case stranger(StrangerAction, of: String)
    case instance(InstanceAction, of: Target)
}
