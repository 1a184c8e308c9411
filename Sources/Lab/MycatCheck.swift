/// The lines that let a daemon watch the Mycat beside it: a Lua check for halua, a check script for keepalived.

struct MycatCheck {
    /// Lines for the top of the file.
    var definitions: String
    /// Lines for the `vrrp_instance` block.
    var instanceLines: [String]

    /// A login to the stand-in's manager and to its schema.
    static let login = ["user root", "password digdeep", "schema TESTDB"]

    /// For halua: `options` of the plugin, and those of its `checks` that the instance tracks.
    init(
        for subject: Subject, in lab: Lab, options: [String] = [], checks: [String] = ["process"]
    ) throws(LabError) {
        switch subject {
        case .halua:
            try Self.installPlugin(in: lab)
            definitions = """
                global_defs {
                    lua_path \(Self.folder)
                }

                lua_plugin mycat {
                \(options.map { "    \($0)\n" }.joined())}

                """
            instanceLines = ["track_lua {"] + checks.map { "    mycat.\($0)" } + ["}"]
        case .keepalived:
            // The fastest that keepalived can be told to look: every second, and the first failure counts.
            definitions = """
                vrrp_script mycat {
                    script "\(pathOfProgram("pgrep") ?? "/usr/bin/pgrep") -f io.mycat.MycatStartup"
                    interval 1
                    fall 1
                    user root
                }

                """
            instanceLines = ["track_script {", "    mycat", "}"]
        }
    }

    private static let folder = "/run/plugins"

    /// Copies the plugin into every host's own /run. haluad takes scripts from root's directories only, and a source
    /// tree belongs to whoever works in it.
    private static func installPlugin(in lab: Lab) throws(LabError) {
        let files = try pluginFiles(in: lab.programs.plugins)
        for host in lab.hosts {
            try host.namespaces.inside { () throws(LabError) in
                // Once for a host: a daemon may be reading them already. The plugin itself comes last.
                guard readFile(folder + "/mycat.lua") == nil else { return }
                for part in ["", "/lib", "/lib/mycat"] { try makeFolder(folder + part) }
                for file in files { try writeFile(folder + "/" + file.name, file.text) }
            }
        }
    }

    /// The plugin and its modules, by their names below the folder of plugins.
    private static func pluginFiles(in folder: String) throws(LabError) -> [(name: String, text: String)] {
        var files: [(name: String, text: String)] = []
        for name in names(in: folder + "/lib/mycat").map({ "lib/mycat/\($0)" }) + ["mycat.lua"] {
            guard let text = readFile("\(folder)/\(name)") else {
                throw LabError("the plugin \(folder)/\(name) cannot be read")
            }
            files.append((name, text))
        }
        return files
    }
}
