/// From the operator's limits to the script engine's.
import KeepalivedConf
import LuaHost

package func scriptLimits(_ settings: LuaSettings) -> ScriptLimits {
    var limits = ScriptLimits()
    limits.memoryBytes = settings.memoryLimitBytes
    limits.slice = settings.limits.slice
    limits.computing = settings.limits.computing
    limits.loading = settings.limits.loading
    limits.closing = settings.limits.closing
    limits.hookTimeout = settings.limits.hookTimeout
    limits.hookQueue = settings.limits.hookQueue
    limits.stopping = settings.limits.stopping
    limits.handles = settings.limits.handles
    limits.tasks = settings.limits.tasks
    limits.commands = settings.limits.commands
    if let user = settings.commandUser {
        limits.commandUser = user.group.map { "\(user.name):\($0)" } ?? user.name
    }
    return limits
}
