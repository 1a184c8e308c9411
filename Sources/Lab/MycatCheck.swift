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
            let original = lab.programs.plugins + "/mycat.lua"
            guard let text = readFile(original) else { throw LabError("the plugin \(original) cannot be read") }
            let folder = "/run/plugins"
            for host in lab.hosts {
                try host.namespaces.inside { () throws(LabError) in
                    try makeFolder(folder)
                    try writeFile(folder + "/mycat.lua", text)
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
}
