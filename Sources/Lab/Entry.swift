/// The lab's front doors: the demo, the benchmarks, and the small parts the tool plays inside a lab.
import Glibc
import LinuxIO

/// Runs one benchmark and prints its tables on standard output.
///
/// Returns the exit status: 0; 1 when halua missed a limit; 2 when the measurement could not be made.
package func runBenchmark(_ benchmark: Benchmark, _ options: BenchmarkOptions) -> Int32 {
    do {
        try gainLabPrivileges()
        try cleanUpOnSignals()
        let subjects = options.subjects.filter { subject in
            let path = options.programs.daemon(of: subject)
            if access(path, X_OK) == 0 { return true }
            complain("\(subject.rawValue) is left out: there is no \(path)")
            return false
        }
        guard !subjects.isEmpty else { throw LabError("there is no daemon to measure") }
        let passed =
            switch benchmark {
            case .failover: try runFailoverBenchmark(options, subjects)
            case .guard: try runGuardBenchmark(options)
            case .switchover: try runSwitchoverBenchmark(options, subjects)
            case .idle: try runIdleBenchmark(options, subjects)
            case .scale: try runScaleBenchmark(options, subjects)
            case .lua: try runLuaBenchmark(options, subjects)
            case .checks: try runCheckBenchmark(options, subjects)
            case .hooks: try runHookBenchmark(options, subjects)
            case .storm: try runStormBenchmark(options, subjects)
            }
        return passed ? 0 : 1
    } catch {
        complain("halua lab: \(error)")
        return 2
    }
}

/// Says on standard error what is being measured, when a person is watching.
func progress(_ text: String) {
    guard isatty(2) == 1 else { return }
    let octets = Array("\r\u{1B}[K\(text)\r".utf8)
    write(2, octets, octets.count)
}
