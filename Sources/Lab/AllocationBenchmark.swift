/// The part of the benchmark `idle` that shows what an advert costs in allocations: none, in either direction.
import ControlProtocol
import Glibc

/// What one daemon did in a stretch of time.
package struct AllocationResult: Hashable, Sendable {
    package var sent: Int
    package var received: Int
    /// Calls of malloc and its kin by the main thread.
    package var allocations: Int
    /// Commands that say where the first came from; empty when there were none.
    package var explanation: String
}

/// Prints the table. Returns false when a daemon allocated.
func runAllocationBenchmark(_ options: BenchmarkOptions) throws -> Bool {
    print(
        "### Allocations of haluad's main thread: one virtual router, VRRPv3, 100 ms, over \(options.span.shortText)\n")
    guard let library = options.programs.allocationCounter else {
        print("Not measured: libAllocationCounter.so is not beside \(options.programs.halua).\n")
        return true
    }
    progress("allocations")
    let results = try measureAllocations(library, options.span, programs: options.programs)
    var table = Table(["role", "adverts sent", "adverts received", "allocations"])
    for (result, role) in zip(results, ["master", "backup"]) {
        table.add([role, "\(result.sent)", "\(result.received)", "\(result.allocations)"])
    }
    print(table.text)
    print(
        """
        Allocations: calls of malloc, calloc, realloc, aligned_alloc and posix_memalign. The adverts are haluad's own
        count, which begins half a second earlier.

        """)
    for result in results where !result.explanation.isEmpty { print("The first came from:\n" + result.explanation) }
    return results.allSatisfy { $0.allocations == 0 }
}

/// Counts while a master and a backup do nothing but advertise and listen, ten times a second.
package func measureAllocations(
    _ library: String, _ span: Duration, programs: LabPrograms
) throws -> [AllocationResult] {
    try Lab.with(["first", "second"], programs: programs) { lab in
        let profile = FailoverProfile.all[1]
        let watch = try AddressWatch(profile.instance(0).addresses[0], in: lab)
        var daemons: [(process: LabProcess, counter: AllocationCounter)] = []
        for (node, host) in lab.hosts.enumerated() {
            let counter = try AllocationCounter(library: library, countingInto: host.folder + "/allocations")
            let process = try host.start(
                .halua, configuration: profile.instance(node).text, environment: counter.environment)
            daemons.append((process, counter))
        }
        guard waitUntil(.seconds(10), { watch.holders == [0] }) != nil else {
            throw LabError("haluad did not become master\n" + tail(daemons[0].process))
        }
        guard daemons.allSatisfy({ $0.counter.count > 0 }) else {
            throw LabError("\(library) counts nothing: haluad does not load it")
        }
        // The bursts that follow a promotion (gratuitous ARPs after five seconds) are no adverts.
        pause(.seconds(6))
        let before = try lab.hosts.map { host throws(LabError) in try AdvertCounts(host) }
        // An answer allocates: it has left, and what it needed is given back, before counting starts.
        pause(.milliseconds(500))
        for daemon in daemons { daemon.counter.reset() }
        pause(span)
        let counts = daemons.map(\.counter.count)
        let explanations = daemons.map { $0.counter.explanation(of: $0.process, program: programs.haluad) }
        let after = try lab.hosts.map { host throws(LabError) in try AdvertCounts(host) }
        return daemons.indices.map { node in
            AllocationResult(
                sent: after[node].sent - before[node].sent, received: after[node].received - before[node].received,
                allocations: counts[node], explanation: explanations[node])
        }
    }
}

/// The adverts a daemon says it has sent and received since it started.
private struct AdvertCounts: Sendable {
    var sent: Int
    var received: Int

    init(_ host: LabHost) throws(LabError) {
        let statistics = try askStatus(host.controlSocketPath).instances.first?.statistics ?? []
        func count(_ name: String) throws(LabError) -> Int {
            guard let counter = statistics.first(where: { $0.name == name }) else {
                throw LabError("haluad does not report \(name)")
            }
            return counter.count
        }
        sent = try count("advertisements-sent")
        received = try count("advertisements-received")
    }
}
