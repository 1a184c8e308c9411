/// The benchmark `idle`: memory, processor time and allocations of a master and a backup with one virtual router.
import Glibc

func runIdleBenchmark(_ options: BenchmarkOptions, _ subjects: [Subject]) throws -> Bool {
    print("### Idle: one virtual router, VRRPv2, 1 s, over \(options.span.shortText)\n")
    var table = Table(["daemon", "processes", "RSS", "PSS", "CPU per second"])
    for subject in subjects {
        progress("idle \(subject.rawValue)")
        try Lab.with(["first", "second"], programs: options.programs) { lab in
            let profile = FailoverProfile.all[0]
            let watch = try AddressWatch(profile.instance(0).addresses[0], in: lab)
            var daemons: [LabProcess] = []
            for (node, host) in lab.hosts.enumerated() {
                daemons.append(try host.start(subject, configuration: profile.instance(node).text))
            }
            guard waitUntil(.seconds(10), { watch.holders == [0] }) != nil else {
                throw LabError("\(subject.daemonName) did not become master\n" + tail(daemons[0]))
            }
            // The bursts that follow a promotion (gratuitous ARPs after five seconds) are not idleness.
            pause(.seconds(6))
            let before = daemons.map { ProcessCost(of: $0) }
            let start = Moment.now
            pause(options.span)
            let seconds = (Moment.now - start).inSeconds
            for (node, role) in ["master", "backup"].enumerated() {
                let cost = ProcessCost(of: daemons[node])
                let used = (cost.processorTime - before[node].processorTime).inMicroseconds / seconds
                table.add([
                    "\(subject.rawValue), \(role)", "\(cost.processes)", kibibyteText(cost.resident),
                    kibibyteText(cost.proportional), "\(decimal(used, places: 0)) µs",
                ])
            }
        }
    }
    print(table.text)
    return subjects.contains(.halua) ? try runAllocationBenchmark(options) : true
}

/// Memory as megabytes of 1,024 × 1,024 octets.
func kibibyteText(_ kibibytes: Int) -> String { decimal(Double(kibibytes) / 1024, places: 1) + " MiB" }
