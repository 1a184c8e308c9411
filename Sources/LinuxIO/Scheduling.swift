/// How the kernel schedules this process and its threads, and whether it may page it out.
import CLinux
import Glibc
import SystemPackage

/// Scheduling classes, niceness and memory locking (sched(7), mlockall(2)).
package enum Scheduling {
    /// Puts the calling thread into the round-robin real-time class. Children start in the normal class.
    ///
    /// `priority`: 1 to 99. Throws: EPERM without CAP_SYS_NICE, EINVAL.
    package static func setRealTimePriority(_ priority: Int32) throws(IOFailure) {
        try setClass(SCHED_RR | SCHED_RESET_ON_FORK, priority: priority, thread: 0)
    }

    /// Takes the processor away from a thread whenever anybody else wants it: for a script thread that is stuck.
    ///
    /// Throws: ESRCH (the thread has ended), EPERM.
    package static func setIdleClass(_ thread: pid_t) throws(IOFailure) {
        try setClass(SCHED_IDLE, priority: 0, thread: thread)
    }

    private static func setClass(_ policy: Int32, priority: Int32, thread: pid_t) throws(IOFailure) {
        var parameter = sched_param()
        parameter.sched_priority = priority
        try systemCall("sched_setscheduler", detail: "class \(policy), priority \(priority)") {
            sched_setscheduler(thread, policy, &parameter)
        }
    }

    /// Ends the process (SIGXCPU, then SIGKILL) when a real-time thread computes this long without sleeping.
    ///
    /// Throws: EPERM when above the hard limit.
    package static func limitRealTime(_ span: Duration) throws(IOFailure) {
        let microseconds = UInt(max(0, span.wholeNanoseconds / 1_000))
        try systemCall("setrlimit RLIMIT_RTTIME") { halua_set_real_time_limit(microseconds, 2 * microseconds) }
    }

    /// Sets the niceness of the process: −20 (first) to 19 (last).
    ///
    /// Throws: EACCES, EPERM without CAP_SYS_NICE.
    package static func setNice(_ value: Int32) throws(IOFailure) {
        try systemCall("setpriority", detail: "nice \(value)") { setpriority(PRIO_PROCESS, 0, value) }
    }

    /// Keeps every page the process uses in memory from its first use on, and touches `stack` octets of this stack now.
    ///
    /// MCL_ONFAULT: without it the whole of every thread's stack would be loaded.
    /// Throws: ENOMEM (RLIMIT_MEMLOCK), EPERM.
    package static func lockMemory(touchingStack stack: Int = 64 * 1024) throws(IOFailure) {
        try systemCall("mlockall") { mlockall(Int32(MCL_CURRENT) | Int32(MCL_FUTURE) | Int32(MCL_ONFAULT)) }
        withUnsafeTemporaryAllocation(byteCount: stack, alignment: 16) { bytes in
            for offset in stride(from: 0, to: bytes.count, by: 4096) { bytes[offset] = 1 }
        }
    }
}

extension Duration {
    /// The span in nanoseconds; spans of more than 292 years become 292 years.
    package var wholeNanoseconds: Int64 {
        let parts = components
        let (product, overflow) = parts.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? (parts.seconds < 0 ? .min : .max) : product + parts.attoseconds / 1_000_000_000
    }
}
