/// The lab's front doors: the demo, the benchmarks, and the small parts the tool plays inside a lab.
import Glibc

/// Runs the demo on standard output. Returns the exit status: 0 only if everything that was shown really happened.
package func runDemo(_ options: DemoOptions) -> Int32 { 0 }

/// Runs one benchmark and prints its tables on standard output. Returns the exit status: 0 unless a limit was missed.
package func runBenchmark(_ benchmark: Benchmark, _ options: BenchmarkOptions) -> Int32 { 0 }
