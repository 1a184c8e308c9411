--- What scripts may use up. A test compares `property` and `default` with what halua enforces.
return {
  noun = "limits", group = "about", title = "Limits",
  text = [[
    No script can delay an advert: scripts run on a thread of their own. These limits keep plugins from each other,
    and end what has gone wrong. Each is a stop for accidents, not a quota to tune, and has a keyword in
    `global_defs`. What hits a limit is ended with a message that names plugin, line and limit, and everything else
    goes on.

    When the script thread gives no sign of life for `lua_stall_timeout` (10 s) all the same, every check stays as it
    was, and a fresh thread takes over; `lua_stall_action fault` puts the node into FAULT instead.
  ]],
  limits = {
    { name = "memory", property = "memoryBytes", keyword = "lua_memory_limit", default = "64 MiB",
      text = "Of each plugin. At the limit it gets the error \"not enough memory\"." },
    { name = "slice", property = "slice", keyword = "lua_slice", default = "5 ms",
      text = "How long a script computes before the others get a turn." },
    { name = "computing", property = "computing", keyword = "lua_computing_limit", default = "200 ms",
      text = "How much one run may compute in all. Waiting does not count." },
    { name = "loading", property = "loading", keyword = "lua_loading_limit", default = "500 ms",
      text = "How long loading one plugin file may take." },
    { name = "closing", property = "closing", keyword = "lua_closing_limit", default = "50 ms",
      text = "How long the `<close>` variables of a run that was ended may compute." },
    { name = "hook timeout", property = "hookTimeout", keyword = "lua_hook_timeout", default = "10 s",
      text = "How long a hook may take that states no timeout." },
    { name = "hook queue", property = "hookQueue", keyword = "lua_hook_queue", default = "16",
      text = "How many events wait for one hook and instance. Beyond, the oldest are left out and counted." },
    { name = "stopping", property = "stopping", keyword = "lua_stop_timeout", default = "2 s",
      text = "How long hooks may go on when the daemon stops." },
    { name = "handles", property = "handles", keyword = "lua_handle_limit", default = "256",
      text = "Connections, watches and the like that one plugin may hold open." },
    { name = "tasks", property = "tasks", keyword = "lua_task_limit", default = "1000",
      text = "Tasks that one plugin may have at a time." },
    { name = "commands", property = "commands", keyword = "lua_command_limit", default = "16",
      text = "Programs of one plugin that may run at a time, those included that are being ended." },
    { name = "command user", property = "commandUser", default = "keepalived_script",
      text = "Whom programs run as that name no user; nobody when there is no user keepalived_script." },
  },
}
