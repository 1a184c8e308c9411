/// A command that a script wants to run: what it is, as whom, and what it may take.
import Glibc
import LinuxIO

struct CommandRequest: Sendable {
    /// The program and its arguments.
    var arguments: [String]
    var timeout: Duration
    var input: [UInt8] = []
    /// nil: the one that the limits name.
    var user: String?
    var group: String?
    /// Added to the clean environment.
    var environment: [String: String] = [:]
    var directory: String?
    /// Octets that are kept of each output.
    var mostOutput: Int

    /// The command without what only the starter's thread may find out.
    var command: Command {
        var command = Command(arguments)
        command.endSignal = SIGKILL
        command.fileCreationMask = 0o022
        command.workingDirectory = directory ?? "/"
        return command
    }

    /// Runs it on the scheduler's loop.
    func perform(
        _ starter: ChildStarter, _ limits: ScriptLimits, finish: @escaping (CommandOutcome) -> Void
    ) -> CommandRun {
        CommandRun(
            command, input: input, limits: CommandLimits(timeout: timeout, output: mostOutput), starter: starter,
            prepare: { [self] command throws(StartFailure) in try complete(&command, limits) }, finish: finish)
    }

    // MARK: On the starter's thread

    /// Finds user and program, and refuses what others could have put there.
    private func complete(_ command: inout Command, _ limits: ScriptLimits) throws(StartFailure) {
        let identity = try identity(limits)
        command.identity = identity
        // Only a script that asks for root gets a program that may do what root may.
        command.forbidsNewPrivileges = identity.map { $0.user != 0 } ?? true
        var environment = ["PATH": ProgramSearch.standardPath, "LANG": "C.UTF-8"]
        if let identity {
            environment["HOME"] = identity.home
            environment["USER"] = identity.name
        }
        environment.merge(self.environment) { $1 }
        command.environment = environment
        guard let name = arguments.first, let path = ProgramSearch.find(name, path: environment["PATH"]) else {
            throw StartFailure("there is no such program in \(environment["PATH"] ?? "")")
        }
        if !path.hasPrefix("/") { throw StartFailure("a program needs a whole path, or a name to find in PATH") }
        command.path = path
        do throws(Distrust) {
            try FileTrust.check(path, user: identity?.user ?? geteuid())
        } catch {
            throw StartFailure("\(error): whoever may change it could choose what runs here")
        }
    }

    /// Whom to run as; nil means as this process, which then has no right to be anybody else.
    private func identity(_ limits: ScriptLimits) throws(StartFailure) -> ProcessIdentity? {
        guard geteuid() == 0 else {
            if let user, (try? ProcessIdentity(user: user).user) != geteuid() {
                throw StartFailure("it cannot run as the user \(user): halua does not run as root")
            }
            return nil
        }
        do throws(IOFailure) {
            if let user { return try ProcessIdentity(user: user, group: group) }
            let parts = limits.commandUser.split(separator: ":", maxSplits: 1).map(String.init)
            let name = parts.first ?? "", own = parts.count > 1 ? parts[1] : nil
            if name == ScriptLimits.standardCommandUser {
                if let identity = try? ProcessIdentity(user: name, group: group ?? own) { return identity }
                return try ProcessIdentity(user: "nobody", group: group)
            }
            return try ProcessIdentity(user: name, group: group ?? own)
        } catch {
            throw StartFailure("there is not \(error.detail)")
        }
    }
}
