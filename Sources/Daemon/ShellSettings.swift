/// From the programs that a configuration names to what the shell thread runs: users looked up, defaults filled in.
import Glibc
import KeepalivedConf
import LinuxIO
import ShellHost

/// Who a change of state is about.
enum StateSubject: Hashable, Sendable {
    case instance(String)
    case group(String)

    var name: String {
        switch self {
        case .instance(let name), .group(let name): name
        }
    }

    /// The word that scripts and FIFOs get.
    var kind: String {
        switch self {
        case .instance: "INSTANCE"
        case .group: "GROUP"
        }
    }

    /// Its lane, and how messages call it.
    var lane: String {
        switch self {
        case .instance(let name): name
        case .group(let name): "group \(name)"
        }
    }
}

/// The notify scripts of one instance or sync group, ready to be started.
struct NotifyCommands: Hashable, Sendable {
    /// By the word of the state: "MASTER" and so on, with the keyword it is written behind.
    var byState: [String: ShellCommand] = [:]
    var any: ShellCommand?
    var lowerPriorityHeard: ShellCommand?
    var saysDeleted = false
    var tellsPriority = false
}

/// Everything about programs, for one configuration. Made where waiting for a name service is allowed.
package struct ShellSettings: Hashable, Sendable {
    struct Once: Hashable, Sendable {
        var command: ShellCommand
        var timeout: Duration
    }

    var plan = ShellPlan()
    var notify: [StateSubject: NotifyCommands] = [:]
    var startup: Once?
    var shutdown: Once?
    var repeatsStatesOnReload = false
    /// The groups with their members, in the order of the file.
    var groups: [StateGroup] = []

    init() {}

    init(_ configuration: Configuration) {
        let resolver = ScriptResolver(configuration.global.scripts)
        let scripts = configuration.global.scripts
        let tracked = configuration.trackedScriptNames
        plan.checks = configuration.scripts.filter { tracked.contains($0.name) }.map { script in
            ShellCheck(
                name: script.name, command: resolver.command(script.command), interval: script.interval,
                timeout: script.timeout)
        }
        plan.fifos = [scripts.fifo, scripts.vrrpFIFO].compactMap { fifo in
            fifo.map { fifo in
                ShellFIFO(
                    path: fifo.path, owner: try? resolver.identity(fifo.user).get(),
                    reader: fifo.reader.map(resolver.command))
            }
        }
        plan.notifyTimeout = scripts.notifyTimeout
        startup = scripts.startup.map { Once(command: resolver.command($0.command), timeout: $0.timeout) }
        shutdown = scripts.shutdown.map { Once(command: resolver.command($0.command), timeout: $0.timeout) }
        repeatsStatesOnReload = scripts.repeatsStatesOnReload
        groups = configuration.syncGroups.map { StateGroup(name: $0.name, members: $0.members) }
        for instance in configuration.instances {
            let group = configuration.syncGroups.first { $0.members.contains(instance.name) }
            var commands = Self.commands(instance.notify, resolver)
            commands.tellsPriority =
                instance.notify.tellsPriority ?? group?.notify.tellsPriority ?? scripts.tellsPriority
            notify[.instance(instance.name)] = commands
        }
        for group in configuration.syncGroups {
            notify[.group(group.name)] = Self.commands(group.notify, resolver)
        }
    }

    private static func commands(_ settings: NotifySettings, _ resolver: ScriptResolver) -> NotifyCommands {
        var commands = NotifyCommands()
        let states = [
            ("MASTER", settings.master), ("BACKUP", settings.backup), ("FAULT", settings.fault),
            ("STOP", settings.stop), ("DELETED", settings.deleted),
        ]
        for (state, command) in states { commands.byState[state] = command.map(resolver.command) }
        commands.any = settings.any.map(resolver.command)
        commands.lowerPriorityHeard = settings.lowerPriorityHeard.map(resolver.command)
        commands.saysDeleted = settings.saysDeleted
        return commands
    }
}

/// Looks users up, once each.
final class ScriptResolver {
    /// keepalived's: whom scripts run as when nobody says otherwise.
    static let defaultUser = "keepalived_script"

    private let defaults: ScriptDefaults
    private var known: [ScriptUser?: Result<ProcessIdentity?, StartFailure>] = [:]

    init(_ defaults: ScriptDefaults) { self.defaults = defaults }

    func command(_ command: ScriptCommand) -> ShellCommand {
        var result = ShellCommand(command.words, keepsSymbolicLinks: defaults.keepsSymbolicLinks)
        switch identity(command.user) {
        case .success(let identity):
            result.identity = identity
            result.demandsSafePath = defaults.demandsSafePaths && Self.isRoot(identity)
        case .failure(let failure): result.obstacle = failure.description
        }
        return result
    }

    /// nil: as this process.
    func identity(_ user: ScriptUser?) -> Result<ProcessIdentity?, StartFailure> {
        if let found = known[user] { return found }
        let result = lookUp(user ?? defaults.user)
        known[user] = result
        return result
    }

    /// Root's group is as dangerous as root itself: it may write what belongs to root in many places.
    static func isRoot(_ identity: ProcessIdentity?) -> Bool {
        guard let identity else { return geteuid() == 0 }
        return identity.user == 0 || identity.group == 0
    }

    private func lookUp(_ user: ScriptUser?) -> Result<ProcessIdentity?, StartFailure> {
        guard let user else {
            // Who is not root cannot become somebody else.
            guard geteuid() == 0 else { return .success(nil) }
            return .success(try? ProcessIdentity(user: Self.defaultUser, takesGroups: defaults.hasSupplementaryGroups))
        }
        do throws(IOFailure) {
            let takesGroups = user.hasSupplementaryGroups || defaults.hasSupplementaryGroups
            let identity = try ProcessIdentity(user: user.name, group: user.group, takesGroups: takesGroups)
            // Nobody needs a right to stay who they are.
            let isSame = geteuid() != 0 && identity.user == geteuid() && identity.group == getegid()
            return .success(isSame ? nil : identity)
        } catch {
            // "the user x", "the group y"
            return .failure(
                StartFailure("there is no \(error.detail.split(separator: " ").dropFirst().joined(separator: " "))"))
        }
    }
}
