/// The keywords of halua's own in global_defs: plugins and the limits of their scripts.

extension Keyword {
    static let lua: [Keyword] = [
        works(
            "lua_path", .words(1...32), "DIRECTORY…", default: "/etc/halua/plugins", by: .halua,
            "Directories searched for plugins before /usr/share/halua/plugins."),
        works(
            "lua_memory_limit", .one, "<bytes>[K|M|G]", default: "64M", by: .halua,
            "Memory that each plugin may use. Beyond, it gets \"not enough memory\"; the others go on."),
        works(
            "lua_slice", .one, "<seconds>", default: "5ms", by: .halua,
            "How long a script computes before the others get a turn."),
        works(
            "lua_computing_limit", .one, "<seconds>", default: "200ms", by: .halua,
            "Processor time that one run of a check, hook or gate may use. Beyond, it is ended and has failed."),
        works(
            "lua_loading_limit", .one, "<seconds>", default: "500ms", by: .halua,
            "How long the loading of one plugin may take. Beyond, the plugin is refused."),
        works(
            "lua_closing_limit", .one, "<seconds>", default: "50ms", by: .halua,
            "Processor time that the <close> handlers of a cancelled run may use together."),
        works(
            "lua_hook_timeout", .one, "<seconds>", default: "10", by: .halua,
            "How long a hook may take that states no timeout of its own."),
        works(
            "lua_hook_queue", .one, "<number>", default: "16", by: .halua,
            "Events that wait for one hook and instance. Beyond, the oldest are dropped, counted and said."),
        works(
            "lua_stop_timeout", .one, "<seconds>", default: "2", by: .halua,
            "How long hooks that still run may go on when the daemon stops."),
        works(
            "lua_handle_limit", .one, "<number>", default: "256", by: .halua,
            "Connections, watches and the like that one plugin may hold open."),
        works(
            "lua_task_limit", .one, "<number>", default: "1000", by: .halua,
            "Tasks that one plugin may have at a time."),
        works(
            "lua_command_limit", .one, "<number>", default: "16", by: .halua,
            "Programs started by halua.exec that one plugin may have at a time."),
        works(
            "lua_stall_timeout", .one, "<seconds>", default: "10", by: .halua,
            "After this long without a sign of life the script thread counts as stalled; a fresh one replaces it."),
        works(
            "lua_stall_action", .one, "freeze|fault", default: "freeze", by: .halua,
            "What a stall means: checks keep their last state, or instances that track a Lua check are in FAULT."),
        works(
            "stop_hooks_first", .flag, "", by: .halua,
            "At the end of the daemon, run the hooks of on.shutdown before the addresses are removed, for at most"
                + " lua_stop_timeout."),
    ]
}
