/// What the core's thread and the thread of the shell scripts say to each other: plain values.
import LinuxIO

/// Everything that runs by itself.
package struct ShellPlan: Hashable, Sendable {
    package var checks: [ShellCheck] = []
    package var fifos: [ShellFIFO] = []
    /// After this long a notify script is ended.
    package var notifyTimeout: Duration = .seconds(60)

    package init() {}

    package var isEmpty: Bool { checks.isEmpty && fifos.isEmpty }
}

package enum ToShell: Sendable {
    /// What is the same goes on, what is new begins, what is gone is ended. Notify scripts that run are left alone.
    case apply(ShellPlan)
    /// Scripts for one change of one lane (an instance or a sync group), in the order in which they are to run.
    case notify(lane: String, [NotifyCall])
    /// A line for every FIFO, without its newline.
    case line(String)
    /// A script that runs once; `FromShell.onceEnded` follows.
    case once(label: String, ShellCommand, timeout: Duration)
    /// End everything: the scripts for the state STOP may still run, as long as the time allows.
    case stop(within: Duration)
}

package enum ShellLogLevel: Hashable, Sendable {
    case info, warning, error
}

/// Where something for the outside was lost.
package enum ShellQueue: Hashable, Sendable {
    /// The notify scripts of an instance or a sync group, by the name of the lane.
    case lane(String)
    /// The notify FIFO with this path.
    case fifo(String)
}

package enum FromShell: Sendable {
    case checkResult(name: String, ShellCheckResult, took: Duration)
    case log(ShellLogLevel, String)
    case onceEnded(label: String)
    /// A notify script has come to its end: "notify_master (MASTER)" of "VI_1".
    case notifyEnded(lane: String, call: String, took: Duration, failure: String?)
    /// So many scripts or lines were left out, since this was last told.
    case lost(ShellQueue, Int)
    /// Nothing runs any more; the thread has ended.
    case stopped
}
