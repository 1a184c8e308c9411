/// Reads a configuration and loads its plugins without running anything: `haluad -t`, `halua check-config`, start-up.
import KeepalivedConf
import Logging
import LuaHost

/// A configuration that can run, with its plugins loaded.
package struct ReadyConfiguration: Sendable {
    package var configuration: Configuration
    package var specs: [PluginSpec]
    package var generation: LoadedGeneration
    package var shell = ShellSettings()

    package init(configuration: Configuration, specs: [PluginSpec], generation: LoadedGeneration) {
        self.configuration = configuration
        self.specs = specs
        self.generation = generation
    }
}

/// What came of reading: everything that is wrong, and the result when nothing is.
package struct ConfigurationReport: Sendable {
    package var ready: ReadyConfiguration?
    /// Diagnostics and plugin failures, rendered for a terminal or a log.
    package var messages: [String] = []
    package var errors = 0
    package var warnings = 0
    /// The main file could not be read at all.
    package var isUnreadable = false

    package var isAccepted: Bool { ready != nil }
    package var text: String { messages.joined(separator: "\n") }

    package var summary: String {
        let counts = "\(counted(errors, "error")), \(counted(warnings, "warning"))"
        return isAccepted
            ? "the configuration can run: \(counts)" : "the configuration is refused as a whole: \(counts)"
    }

    /// Every line of every message, as loud as the outcome.
    func log(to logger: Logger) {
        for line in messages.flatMap({ $0.split(separator: "\n") }) {
            logger.log(level: isAccepted ? .warning : .error, "configuration: \(line)")
        }
    }

    mutating func add(_ diagnostics: [Diagnostic]) {
        for diagnostic in diagnostics {
            messages.append(diagnostic.rendered)
            switch diagnostic.severity {
            case .warning: warnings += 1
            case .error: errors += 1
            }
        }
    }

    mutating func add(_ failures: [LoadFailure]) {
        for failure in failures {
            messages.append("\(failure)")
            errors += 1
        }
    }
}

/// Read, validate and load, for this host as it is. Runs no check and touches no network.
package func checkConfiguration(
    file: String?, configurationID: String?, interfaces: [String: InterfaceFacts]? = nil
) -> ConfigurationReport {
    var report = ConfigurationReport()
    let result = loadFromDisk(file: file, configurationID: configurationID, interfaces: interfaces)
    report.add(result.diagnostics)
    guard let configuration = result.configuration else {
        report.isUnreadable = FilesOnDisk().read(file ?? defaultConfiguration) == nil
        return report
    }
    if let warning = ScriptJudge.rootByDefault(configuration) {
        report.messages.append(warning)
        report.warnings += 1
    }
    if let obstacle = GuardSignature.obstacle(in: configuration) {
        report.messages.append("error: \(obstacle)\n  = a guard with a key says nothing that is not signed")
        report.errors += 1
        return report
    }
    switch pluginSpecs(configuration) {
    case .failure(let failures): report.add(failures.failures)
    case .success(let specs):
        switch ScriptEngine.load(specs, limits: scriptLimits(configuration.global.lua)) {
        case .failure(let failures): report.add(failures.failures)
        case .success(let generation):
            let missing =
                unregisteredChecks(configuration, generation.checks)
                + unregisteredGates(configuration, generation.gates)
            report.add(missing)
            guard missing.isEmpty else { return report }
            var ready = ReadyConfiguration(configuration: configuration, specs: specs, generation: generation)
            ready.shell = ShellSettings(configuration)
            report.ready = ready
        }
    }
    return report
}

private func counted(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
