/// What every subcommand that talks to the daemon shares.
import ArgumentParser
import ControlProtocol
import Daemon

/// A sentence for the person at the terminal; ArgumentParser prints it behind "Error: ".
struct ToolError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

struct ControlOptions: ParsableArguments {
    @Option(name: .customLong("control"), help: "The daemon's control socket.")
    var path = defaultControlSocketPath

    /// One request and its answer. A daemon that does not answer is said in words, with exit status 2.
    func ask(_ request: ControlRequest, timeout: Duration = .seconds(10)) throws -> ControlAnswer {
        do {
            return try ControlClient.ask(request, at: path, timeout: timeout).unlessError()
        } catch let failure as ControlFailure {
            printError("halua: \(failure)")
            throw ExitCode(2)
        }
    }

    func status() throws -> StatusReport { try ask(.status).status() }
}

extension ControlAnswer {
    /// Throws: the daemon's sentence, where it is one.
    func unlessError() throws(ToolError) -> ControlAnswer {
        if case .error(let sentence) = self { throw ToolError(sentence) }
        return self
    }

    func status() throws(ToolError) -> StatusReport {
        guard case .status(let report) = try unlessError() else {
            throw ToolError("the daemon did not answer with a status report")
        }
        return report
    }
}
