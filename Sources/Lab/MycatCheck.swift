/// The lines that let a daemon watch the Mycat beside it: a Lua check for halua, a check script for keepalived.

struct MycatCheck {
    /// Lines for the top of the file.
    var definitions: String
    /// Lines for the `vrrp_instance` block.
    var instanceLines: [String]

    /// Copies the plugin into every host's own /run. haluad takes scripts from root's directories only, and a source
    /// tree belongs to whoever works in it.
    init(for subject: Subject, in lab: Lab) throws(LabError) {
        switch subject {
        case .halua:
            let folder = "/run/plugins"
            let files = try Self.pluginFiles(in: lab.programs.plugins)
            for host in lab.hosts {
                try host.namespaces.inside { () throws(LabError) in
                    for part in ["", "/lib", "/lib/mycat"] { try makeFolder(folder + part) }
                    for file in files { try writeFile(folder + "/" + file.name, file.text) }
                }
            }
            definitions = """
                global_defs {
                    lua_path \(folder)
                }

                lua_plugin mycat {
                }

                """
            instanceLines = ["track_lua {", "    mycat.process", "}"]
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

    /// The plugin and its modules, by their names below the folder of plugins.
    private static func pluginFiles(in folder: String) throws(LabError) -> [(name: String, text: String)] {
        var files: [(name: String, text: String)] = []
        for name in ["mycat.lua"] + names(in: folder + "/lib/mycat").map({ "lib/mycat/\($0)" }) {
            guard let text = readFile("\(folder)/\(name)") else {
                throw LabError("the plugin \(folder)/\(name) cannot be read")
            }
            files.append((name, text))
        }
        return files
    }
}
