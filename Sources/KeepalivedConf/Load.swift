/// The entry point: a configuration file and everything it includes → typed values, or the list of what is wrong.

/// A file's name, as messages print it, and its content.
package struct SourceText: Hashable, Sendable {
    package var name: String
    package var bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }
}

/// The outside world, since this module opens no file.
package protocol ConfigurationFiles {
    /// The content of the regular file at `path`, or nil when it is missing or can't be read.
    func read(_ path: String) -> [UInt8]?
    /// The paths that match `pattern` (`*`, `?`, `[…]` and csh braces), sorted; a relative pattern starts at `directory`.
    func glob(_ pattern: String, relativeTo directory: String) -> [String]
    /// Whether any execute bit is set: keepalived skips such a file in an `include`.
    func isExecutable(_ path: String) -> Bool
}

/// What is known of a network interface of this host.
package struct InterfaceFacts: Hashable, Sendable {
    package var isLoopback: Bool
    /// In octets.
    package var maximumTransmissionUnit: Int

    package init(isLoopback: Bool = false, maximumTransmissionUnit: Int = 1500) {
        self.isLoopback = isLoopback
        self.maximumTransmissionUnit = maximumTransmissionUnit
    }
}

/// What a configuration's meaning depends on besides its text.
package struct LoadContext: Sendable {
    /// The host's name; up to its first dot it is the default of `configID`.
    package var hostName: String
    /// What `@ID` lines are compared with: `--config-id`.
    package var configID: String?
    /// `${_INSTANCE}`: the name of this daemon when several run on one host.
    package var instanceName: String?
    /// `${_ENV NAME}`
    package var environment: [String: String]
    /// `${_RANDOM}` draws from a generator that starts here.
    package var randomSeed: UInt64
    /// The host's interfaces by name; nil: not known, so that a missing interface can't be reported.
    package var interfaces: [String: InterfaceFacts]?
    /// What keeps a command from running on this host, or what its writer should know; nil: nobody looks.
    package var judgeCommand: (@Sendable (ScriptCommand, ScriptDefaults) -> ScriptComplaint?)?
    /// The content of a `key_file`, or why it is not taken: it must be root's and hidden from others.
    package var readKeyFile: @Sendable (String) -> Result<[UInt8], KeyComplaint> = { path in
        .failure(KeyComplaint("nobody reads \(path) here", hint: "write the key itself: key \"…\""))
    }

    package init(
        hostName: String, configID: String? = nil, instanceName: String? = nil, environment: [String: String] = [:],
        randomSeed: UInt64 = 0, interfaces: [String: InterfaceFacts]? = nil
    ) {
        self.hostName = hostName
        self.configID = configID
        self.instanceName = instanceName
        self.environment = environment
        self.randomSeed = randomSeed
        self.interfaces = interfaces
    }
}

package struct LoadResult: Sendable {
    /// nil if and only if `diagnostics` holds an error: a configuration is taken as a whole or refused as a whole.
    package var configuration: Configuration?
    /// In the order of the text.
    package var diagnostics: [Diagnostic]

    package init(configuration: Configuration?, diagnostics: [Diagnostic]) {
        self.configuration = configuration
        self.diagnostics = diagnostics
    }
}

/// Reads the file at `main` and everything it includes. Never fails half-way: every finding of every file is reported.
package func loadConfiguration(main: String, files: some ConfigurationFiles, context: LoadContext) -> LoadResult {
    let findings = Findings()
    guard let bytes = files.read(main) else {
        let location = SourceLocation(file: main, line: 1, column: 1)
        findings.add(
            .error, "the file can't be read", at: location, hint: "see that it exists and that root may read it")
        return LoadResult(configuration: nil, diagnostics: findings.sorted())
    }
    let nodes = tree(of: SourceText(name: main, bytes: bytes), files, context, findings)
    var assembly = Assembly(findings: findings, context: context)
    assembly.read(nodes)
    let configuration = assembly.finish()
    if configuration.instances.isEmpty && !findings.hasErrors {
        findings.add(
            .warning, "there is no vrrp_instance here, so there is nothing to do",
            at: SourceLocation(file: main, line: 1, column: 1), hint: "halua runs, but holds no address")
    }
    return LoadResult(configuration: findings.hasErrors ? nil : configuration, diagnostics: findings.sorted())
}

/// The text as a tree, before any keyword is known, and what is wrong with its form.
package func configurationTree(
    _ text: SourceText, files: some ConfigurationFiles, context: LoadContext
) -> (nodes: [Node], diagnostics: [Diagnostic]) {
    let findings = Findings()
    let nodes = tree(of: text, files, context, findings)
    return (nodes, findings.sorted())
}

private func tree(
    of text: SourceText, _ files: some ConfigurationFiles, _ context: LoadContext, _ findings: Findings
) -> [Node] {
    var preprocessor = Preprocessor(files: files, context: context, findings: findings)
    preprocessor.read(text)
    var parser = Parser(findings: findings)
    return parser.parse(preprocessor.output)
}
