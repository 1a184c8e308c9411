/// The lines that let a daemon watch the Mycat beside it: a Lua check for halua, a check script for keepalived.

struct MycatCheck {
    /// Lines for the top of the file.
    var definitions: String
    /// Lines for the `vrrp_instance` block.
    var instanceLines: [String]

    init(for subject: Subject, programs: LabPrograms) {
        switch subject {
        case .halua:
            definitions = """
                global_defs {
                    lua_path \(programs.plugins)
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
