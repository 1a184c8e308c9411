/// Asks a running haluad over its control socket, as `halua status` does.
import ControlProtocol

/// The daemon's report; throws when it does not answer or says something else.
package func askStatus(_ path: String) throws(LabError) -> StatusReport {
    switch try ask(path, .status) {
    case .status(let report): return report
    case .metrics, .keepalivedDump, .reload, .doctor, .order, .switchover:
        throw LabError("haluad answered the question for its status with something else")
    case .error(let sentence): throw LabError("haluad refused to report its status: \(sentence)")
    }
}

/// Sends one request to the control socket at `path` and returns the answer.
package func ask(_ path: String, _ request: ControlRequest) throws(LabError) -> ControlAnswer {
    do {
        return try ControlClient.ask(request, at: path, timeout: .seconds(5))
    } catch {
        throw LabError("\(error)")
    }
}
