/// The benchmark `failover`: every fault, every profile, halua and keepalived in turn.
import Glibc

func runFailoverBenchmark(_ options: BenchmarkOptions, _ subjects: [Subject]) throws -> Bool {
    var passed = true
    for profile in FailoverProfile.all {
        var results: [Fault: [Subject: [FailoverResult]]] = [:]
        for fault in Fault.allCases {
            for round in 1...max(options.rounds, 1) {
                for subject in subjects {
                    progress(
                        "\(profile.name), \(fault.rawValue), \(subject.rawValue), round \(round) of \(options.rounds)")
                    do {
                        let result = try measureFailover(fault, profile, subject, programs: options.programs)
                        results[fault, default: [:]][subject, default: []].append(result)
                    } catch {
                        complain("\(profile.name), \(fault.rawValue), \(subject.rawValue): \(error)")
                        passed = false
                    }
                }
            }
        }
        passed = report(profile, results, subjects, rounds: options.rounds) && passed
    }
    print(
        """
        Take-over: from the fault to the first answer of the new holder, for a client that asks every millisecond.
        Silence: the longest time without an answer from anybody. Twice: how long both nodes had the address at most, up
        to 20 ms after the take-over (a killed or stopped daemon leaves it where it was).
        Limits: start 3 intervals + skew + 100 ms; SIGKILL, SIGSTOP, link loss: master down interval + 50 ms;
        SIGTERM: skew + 50 ms; Mycat killed: skew + 100 ms. keepalived watches Mycat by a script once a second.

        """)
    return passed
}

/// Prints one profile's table; returns false when halua exceeded a limit.
private func report(
    _ profile: FailoverProfile, _ results: [Fault: [Subject: [FailoverResult]]], _ subjects: [Subject], rounds: Int
) -> Bool {
    print("### \(profile.name), \(rounds) rounds\n")
    var table = Table(
        ["fault", "limit"]
            + subjects.flatMap { ["\($0.rawValue) median", "worst", "in limit", "silence", "twice"] })
    var passed = true
    for fault in Fault.allCases {
        let limit = profile.limit(fault)
        var row = [fault.rawValue, limit.shortText]
        for subject in subjects {
            let all = results[fault]?[subject] ?? []
            guard let worst = all.map(\.takeover).max() else {
                row += ["-", "-", "NO", "-", "-"]
                continue
            }
            if subject == .halua && worst > limit { passed = false }
            row += [
                (all.map(\.takeover).median ?? .zero).shortText, worst.shortText, worst <= limit ? "yes" : "NO",
                fault == .start ? "-" : (all.map(\.silence).max() ?? .zero).shortText,
                fault == .start ? "-" : (all.map(\.heldTwice).max() ?? .zero).shortText,
            ]
        }
        table.add(row)
    }
    print(table.text)
    let lateness = results.values.flatMap(\.values).flatMap { $0 }.map(\.proberLateness).max() ?? .zero
    print("The prober itself was late by \(lateness.shortText) at most.\n")
    return passed
}
