/// The benchmark `scale`: hundreds of virtual routers in one daemon, and what each advert costs.
import Glibc
import LinuxIO

/// How many virtual routers, spread over how many interfaces, how often each advertises.
private struct Load {
    var links: Int
    var routersPerLink: Int
    var interval: Duration

    var routers: Int { links * routersPerLink }
    var name: String { "\(routers) × \(interval.shortText)" }

    static let all = [
        Self(links: 1, routersPerLink: 255, interval: .seconds(1)),
        Self(links: 1, routersPerLink: 255, interval: .milliseconds(100)),
        Self(links: 1, routersPerLink: 255, interval: .milliseconds(10)),
        // The VRID has eight bits: a thousand routers need several interfaces.
        Self(links: 4, routersPerLink: 250, interval: .seconds(1)),
    ]

    var configuration: String {
        var text = ""
        for link in 0..<links {
            for router in 1...routersPerLink {
                var instance = InstanceText()
                instance.name = "VI_\(link)_\(router)"
                instance.interface = "eth\(link)"
                instance.virtualRouterID = router
                instance.priority = 200
                instance.version = 3
                instance.interval = interval
                instance.addresses = ["10.9.\(link).\(router)"]
                text += instance.text
            }
        }
        return text
    }
}

private struct Measured {
    var punctuality: Punctuality
    var due: Double
    var perAdvert: Duration
    var cost: ProcessCost
}

func runScaleBenchmark(_ options: BenchmarkOptions, _ subjects: [Subject]) throws -> Bool {
    print("### Scale: masters in one daemon, VRRPv3, over \(options.span.shortText)\n")
    var table = Table([
        "load", "daemon", "sent of due", "CPU per advert", "off by p50", "p99", "most", "RSS", "PSS",
    ])
    var ratios = Table(["load", "CPU per advert, halua / keepalived", "RSS", "PSS"])
    for load in Load.all {
        var results: [Subject: Measured] = [:]
        for subject in subjects {
            progress("scale \(load.name) \(subject.rawValue)")
            let result = try measure(load, subject, options)
            results[subject] = result
            let share = Double(result.punctuality.seen) / result.due * 100
            table.add([
                load.name, subject.rawValue, "\(decimal(share, places: 1)) %",
                "\(decimal(result.perAdvert.inMicroseconds, places: 1)) µs", result.punctuality.median.shortText,
                result.punctuality.p99.shortText, result.punctuality.worst.shortText,
                kibibyteText(result.cost.resident), kibibyteText(result.cost.proportional),
            ])
        }
        if let ours = results[.halua], let theirs = results[.keepalived] {
            ratios.add([
                load.name, decimal(ours.perAdvert.inMicroseconds / theirs.perAdvert.inMicroseconds, places: 2),
                decimal(Double(ours.cost.resident) / Double(theirs.cost.resident), places: 2),
                decimal(Double(ours.cost.proportional) / Double(theirs.cost.proportional), places: 2),
            ])
        }
    }
    print(table.text)
    if subjects.count == Subject.allCases.count { print(ratios.text) }
    print(
        """
        Off by: how far the gaps between one router's adverts are from the interval, by the kernel's clock on the
        receiving side. CPU: user and system time of all processes of the daemon; it includes what the kernel does for
        the virtual network in the sender's name, the same for both daemons.

        """)
    return true
}

private func measure(_ load: Load, _ subject: Subject, _ options: BenchmarkOptions) throws -> Measured {
    try Lab.with(["sender", "receiver"], programs: options.programs, links: load.links) { lab in
        try lab.setClientCable(plugged: false)
        let capture = try AdvertCapture(in: lab.hosts[1].namespaces, links: load.links)
        let daemon = try lab.hosts[0].start(subject, configuration: load.configuration)
        let complete = waitUntil(.seconds(60), every: .milliseconds(100)) {
            guard daemon.isRunning else { return true }
            return Set(capture.sightings().map { [$0.link, Int($0.virtualRouterID)] }).count == load.routers
        }
        guard complete != nil, daemon.isRunning else {
            throw LabError("\(subject.daemonName) did not become master of \(load.routers) routers\n" + tail(daemon))
        }
        // The bursts that follow a promotion (gratuitous ARPs after five seconds) are no part of this.
        pause(.seconds(7))
        capture.forget()
        _ = capture.lost()
        let (before, start) = (ProcessCost(of: daemon), Clock.realtime)
        pause(options.span)
        let (after, end) = (ProcessCost(of: daemon), Clock.realtime)
        guard capture.lost() == 0 else {
            throw LabError("the capture lost packets: this machine is too busy to measure")
        }
        let sightings = capture.sightings(from: start, to: end)
        let punctuality = Punctuality(of: sightings, interval: load.interval)
        let used = after.processorTime - before.processorTime
        return Measured(
            punctuality: punctuality,
            due: Double(load.routers) * Double(end - start) / Double(load.interval.wholeNanoseconds),
            perAdvert: used / max(punctuality.seen, 1), cost: after)
    }
}
