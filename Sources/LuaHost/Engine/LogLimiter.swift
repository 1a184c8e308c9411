/// A plugin's share of the log: a burst, then so many lines a second; what is left out is counted and said.
import LinuxIO

struct LogLimiter {
    /// Lines at once, and lines a second afterwards.
    static let burst = 200
    static let rate = 20

    private var left = Double(burst)
    private var last: Int64 = 0
    private var leftOut = 0

    /// Whether one more line may be written now; when it may not, the first time of a flood is told by `isFirst`.
    mutating func admit(now: Int64) -> (isAdmitted: Bool, isFirst: Bool) {
        left = min(Double(Self.burst), left + Double(now - last) / 1e9 * Double(Self.rate))
        last = now
        if left >= 1 {
            left -= 1
            return (true, false)
        }
        leftOut += 1
        return (false, leftOut == 1)
    }

    /// How many were left out since this was asked last.
    mutating func takeLeftOut() -> Int {
        defer { leftOut = 0 }
        return leftOut
    }
}

extension Program {
    /// Passes a line of the script's on, within its share.
    func log(_ level: LogLevel, _ message: String, _ fields: [LogField]) {
        // While loading nobody listens yet: what a plugin says then is dropped.
        guard let scheduler else { return }
        let (isAdmitted, isFirst) = logLimiter.admit(now: scheduler.loop.time)
        if isAdmitted { return scheduler.post(.log(level, plugin: name, message: message, fields: fields)) }
        guard isFirst else { return }
        scheduler.loop.after(.seconds(1)) { [weak self] in
            guard let self, let scheduler = self.scheduler else { return }
            let sentence =
                "\(logLimiter.takeLeftOut()) log lines of this plugin were left out: it may write \(LogLimiter.rate) a"
                + " second, and \(LogLimiter.burst) at once"
            scheduler.post(.log(.warning, plugin: name, message: sentence, fields: []))
        }
    }
}
