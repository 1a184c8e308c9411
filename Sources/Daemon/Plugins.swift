/// From the configuration's lua_plugin blocks to plugin files, with every reason why one cannot be loaded.
import KeepalivedConf
import LuaHost

/// The files and options to load, or every reason why not. Besides missing files these are checks that are tracked and
/// that no plugin could have registered.
///
/// `before`: directories to search before the configured ones; then plugins are tested, not run, and whoever owns the
/// files is welcome.
package func pluginSpecs(
    _ configuration: Configuration, before: [String] = []
) -> Result<[PluginSpec], LoadFailures> {
    let loader = PluginLoader(
        directories: before + configuration.global.lua.pluginDirectories, checksTrust: before.isEmpty)
    var specs: [PluginSpec] = []
    var failures: [LoadFailure] = []
    for plugin in configuration.plugins {
        do throws(LoadFailure) {
            let path = try loader.find(plugin.file, file: plugin.location.file, line: plugin.location.line)
            let options = plugin.options.map {
                OptionLine(
                    key: $0.key, values: $0.values, file: $0.location.file, line: $0.location.line,
                    column: $0.location.column)
            }
            specs.append(
                PluginSpec(
                    name: plugin.name, path: path, options: options,
                    moduleDirectories: moduleDirectories(configuration), file: plugin.location.file,
                    line: plugin.location.line))
        } catch {
            failures.append(error)
        }
    }
    return failures.isEmpty ? .success(specs) : .failure(LoadFailures(failures))
}

/// Where modules are searched: `lib` in the directories of plugins, then the modules that halua brings.
private func moduleDirectories(_ configuration: Configuration) -> [String] {
    configuration.global.lua.pluginDirectories.map { "\($0)/lib" } + ["/usr/share/halua/lua"]
}

/// Every tracked check that no plugin registered, as a failure that names the line.
package func unregisteredChecks(_ configuration: Configuration, _ registered: [RegisteredCheck]) -> [LoadFailure] {
    let names = Set(registered.map(\.name))
    let tracked = configuration.instances.flatMap(\.trackedChecks) + configuration.syncGroups.flatMap(\.trackedChecks)
    return tracked.filter { !names.contains($0.name) }.map { check in
        let plugin = String(check.name.prefix { $0 != "." })
        let offered = registered.map(\.name).filter { $0.hasPrefix(plugin + ".") }
        let hint =
            offered.isEmpty
            ? "the plugin \(plugin) registers no check" : "it registers \(offered.joined(separator: ", "))"
        return LoadFailure(
            message: "no plugin registered the check \(check.name); \(hint)", file: check.location.file,
            line: check.location.line, column: check.location.column)
    }
}
