/// Asks haluad on its control socket, for as many clients as there are.
import ControlProtocol
import LinuxIO

/// Used by the threads of all connections. haluad is asked by one of them at a time, and at most twice a second;
/// the others take its answer. So a crowd of clients costs the daemon nothing, and each waits no longer than `limit`.
package final class DaemonReader: Sendable {
    private struct Known {
        var answer: Result<ControlAnswer, ControlFailure>
        var nanoseconds: Int64
    }

    private let path: String
    private let limit: Duration
    private let freshNanoseconds: Int64
    private let metrics = Lock<Known?>(nil)
    private let status = Lock<Known?>(nil)

    /// `limit`: how long the daemon may take; `freshNanoseconds`: how old an answer may be that is given again.
    package init(path: String, limit: Duration = .seconds(2), freshNanoseconds: Int64 = 500_000_000) {
        self.path = path
        self.limit = limit
        self.freshNanoseconds = freshNanoseconds
    }

    /// What `/metrics` says; never fails, because a daemon that is gone is a fact to be told.
    package func metricsText() -> String {
        let (text, isUp): (String, Bool) =
            switch ask(.metrics, metrics) {
            case .success(.metrics(let text)): (text, true)
            case .success, .failure: ("", false)
            }
        return text + """
            # HELP halua_up 1 when haluad answered on its control socket, 0 when it did not.
            # TYPE halua_up gauge
            halua_up \(isUp ? 1 : 0)

            """
    }

    /// The report of `halua status`, or why there is none.
    package func statusReport() -> Result<StatusReport, ControlFailure> {
        switch ask(.status, status) {
        case .success(.status(let report)): .success(report)
        case .success(.error(let sentence)): .failure(ControlFailure(description: sentence))
        case .success: .failure(ControlFailure(description: "haluad did not answer with a status report"))
        case .failure(let failure): .failure(failure)
        }
    }

    /// The lock is held while haluad is asked: that is what makes the others wait for the same answer.
    private func ask(_ request: ControlRequest, _ known: Lock<Known?>) -> Result<ControlAnswer, ControlFailure> {
        known.withLock { known in
            if let known, Clock.monotonic - known.nanoseconds < freshNanoseconds {
                return known.answer
            }
            let answer: Result<ControlAnswer, ControlFailure>
            do throws(ControlFailure) {
                answer = .success(try ControlClient.ask(request, at: path, timeout: limit))
            } catch {
                answer = .failure(error)
            }
            known = Known(answer: answer, nanoseconds: Clock.monotonic)
            return answer
        }
    }
}
