/// What this host says about a command before it runs: a missing program, a wrong mode, a path that others may change.
import CLinux
import Glibc
import KeepalivedConf
import LinuxIO
import ShellHost

enum ScriptJudge {
    static func complaint(about command: ScriptCommand, _ defaults: ScriptDefaults) -> ScriptComplaint? {
        let resolver = ScriptResolver(defaults)
        let resolved = resolver.command(command)
        if let obstacle = resolved.obstacle {
            return ScriptComplaint(
                obstacle, hint: "create it; an argument of the command belongs into its quotes: \"COMMAND ARGUMENT\"")
        }
        if resolved.isRedirection { return redirection(resolved) }
        guard let program = ProgramSearch.find(resolved.arguments[0]) else {
            return ScriptComplaint(
                "there is no program \(resolved.arguments[0]) in PATH", hint: "install it, or write its whole path")
        }
        var facts = stat()
        guard stat(program, &facts) == 0 else {
            return ScriptComplaint("there is no \(program)", hint: "install it, or correct the path")
        }
        guard facts.st_mode & S_IFMT == S_IFREG else {
            return ScriptComplaint("\(program) is not a file", hint: "name a program")
        }
        let identity = resolved.identity
        guard mayExecute(facts, user: identity?.user ?? geteuid(), group: identity?.group ?? getegid()) else {
            return ScriptComplaint(
                "\(program) may not be executed by \(identity?.name ?? "this user")", hint: "chmod a+x \(program)")
        }
        return resolved.demandsSafePath ? unsafe(program) : nil
    }

    private static func unsafe(_ program: String) -> ScriptComplaint? {
        do throws(Distrust) {
            try FileTrust.check(program, user: 0)
            return nil
        } catch {
            return ScriptComplaint(
                error.description,
                hint: "it would run as root: mend that, or name a script_user; \"enable_script_security off\" allows it"
            )
        }
    }

    private static func redirection(_ command: ShellCommand) -> ScriptComplaint? {
        let path = command.arguments[0]
        guard path.contains("/dev/tcp/") || path.contains("/dev/udp/"), let shell = realpath("/bin/sh", nil) else {
            return nil
        }
        defer { free(shell) }
        guard !String(cString: shell).hasSuffix("/bash") else { return nil }
        return ScriptComplaint(
            "\(path) always fails here: /bin/sh opens it, and only bash knows such files",
            hint: "as in keepalived; write /bin/bash -c '\(path)'", prevents: false)
    }

    /// keepalived's rule: root may execute what anybody may; others what their class may.
    static func mayExecute(_ facts: stat, user: uid_t, group: gid_t) -> Bool {
        let mode = facts.st_mode
        if user == 0 { return mode & (S_IXUSR | S_IXGRP | S_IXOTH) != 0 }
        if user == facts.st_uid { return mode & S_IXUSR != 0 }
        return group == facts.st_gid ? mode & S_IXGRP != 0 : mode & S_IXOTH != 0
    }

    /// A warning for a configuration whose programs run as root because nobody said otherwise.
    static func rootByDefault(_ configuration: Configuration) -> String? {
        guard geteuid() == 0, configuration.global.scripts.user == nil,
            configuration.commands.contains(where: { $0.command.user == nil }),
            (try? ProcessIdentity(user: ScriptResolver.defaultUser)) == nil
        else { return nil }
        let name = ScriptResolver.defaultUser
        return "warning: scripts without a user of their own run as root: there is no user \(name)\n"
            + "  = as in keepalived; create that user, or name one: script_user USER in global_defs"
    }
}
