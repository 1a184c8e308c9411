--- halua.process: processes of this host, looked for without starting one.

--- How a process is described; exactly one of them is given.
local criteria = {
  { name = "name", type = "string", text = "The name as the kernel has it (at most 15 octets)." },
  { name = "cmdline", type = "string|string[]",
    text = "One whole argument of the command line, or a list of which the process must have one." },
  { name = "exe", type = "string", text = "The path of the program." },
  { name = "pidfile", type = "string", text = "The path of a file that holds the number of the process." },
}

return {
  noun = "process", group = "host", title = "Processes",
  text = "Processes are described by exactly one of `name`, `cmdline`, `exe` and `pidfile`.",
  functions = {
    {
      name = "process.find", phase = "running",
      text = "Finds the processes that fit.",
      fields = criteria,
      returns = { { name = "processes", type = "halua.Process[]", text = "Empty when none fits." } },
      example = [[
        local found = halua.process.find { name = "mysqld" }
        return #found > 0, "mysqld does not run"
      ]],
    },
    {
      name = "process.status", phase = "running",
      text = "Looks at one process.",
      params = { { name = "pid", type = "integer", text = "Its number." } },
      returns = { { name = "process", type = "halua.ProcessStatus?", text = "nil when there is no such process." } },
    },
    {
      name = "process.watch", phase = "always",
      text = [[
        Watches the processes that fit. The kernel tells of their end at once: give the watch to `wake_on` of a
        check, and the check runs in the same moment. Fails with kind `denied` when the plugin holds too many
        handles.
      ]],
      fields = criteria,
      returns = { { name = "watch", type = "halua.Watch?" }, { name = "err", type = "halua.Error?" } },
      example = [[
        local java = halua.process.watch { cmdline = "io.mycat.MycatStartup" }
        halua.check {
          name = "process", interval = "5s", wake_on = java,
          run = function() return #java:pids() > 0, "no process runs Mycat" end,
        }
      ]],
    },
    {
      name = "Watch:pids", phase = "running",
      text = "Lists the processes that live; those that have ended and were not collected (zombies) are left out.",
      returns = { { name = "pids", type = "integer[]" } },
    },
    { name = "Watch:close", phase = "always", text = "Ends the watch.", returns = {} },
  },
  classes = {
    { name = "halua.Process", text = "What is known of a process.",
      fields = {
        { name = "pid", type = "integer", text = "Its number." },
        { name = "parent", type = "integer",
          text = "The number of its parent; 0 when it is outside of this host's view." },
        { name = "name", type = "string", text = "Its name as the kernel has it." },
        { name = "state", type = "string",
          text = "`running`, `sleeping`, `waiting` (for a disk), `stopped`, `traced` or `zombie`." },
        { name = "started", type = "integer",
          text = "When it started, in ticks since the boot: tells two processes of the same number apart." },
      } },
    { name = "halua.ProcessStatus", parent = "halua.Process", text = "A process with what its owner can see.",
      fields = {
        { name = "arguments", type = "string[]", text = "The command line, word by word." },
        { name = "cwd", type = "string?", text = "The directory it works in, when halua may see it." },
      } },
    { name = "halua.Watch", text = "A watch on processes. Can be bound with `<close>`." },
  },
}
