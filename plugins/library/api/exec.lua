--- halua.exec: programs, run without a shell.
return {
  noun = "exec", group = "host", title = "Programs",
  text = [[
    A program runs with exactly the arguments it is given, in a session of its own, with a clean environment (PATH,
    LANG, HOME and USER) and nothing open but its three streams. It runs as a user without rights and cannot get more
    than that by programs that change the user, unless the script asks for root by name. When its time is over, or the
    run that started it ends, it gets SIGTERM and a second later SIGKILL, with everything that it started and that did
    not leave its group. Starting a program costs a hundred times what a check in Lua costs: look for a function of the
    API first.
  ]],
  functions = {
    {
      name = "exec", phase = "running", waits = true,
      text = [[
        Runs a program and waits for its end. What it left behind in the background is not waited for, even when that
        holds its outputs open. An exit code other than 0 is a result, not an error. Fails with kind `denied` when the
        program cannot be started, with the reason: it does not exist, it may not be executed, it or a directory above
        it may be changed by somebody other than root and the user it runs as, there is no such user, or 16 commands of
        the plugin run already. Fails with kind `timeout` when it takes too long; then a third result is a table of
        what it had printed.
      ]],
      items = { type = "string|number",
        text = "The program, a whole path or a name to find in PATH, and its arguments." },
      fields = {
        { name = "timeout", type = "halua.Duration", default = '"30s"', text = "How long it may take." },
        { name = "input", type = "string", default = "none", text = "What it reads, at most 4 MiB." },
        { name = "user", type = "string", default = "script_user unless that is root, else keepalived_script or nobody",
          text = "Whom it runs as, by name or number. Another than halua's own needs halua to run as root." },
        { name = "group", type = "string", default = "the user's", text = "Its only group." },
        { name = "env", type = "table<string, string|number>", default = "none",
          text = "Variables to add to its environment." },
        { name = "cwd", type = "string", default = '"/"', text = "The directory it runs in, a whole path." },
        { name = "max_output", type = "integer", default = "65536",
          text = "The octets that are kept of each output, at most 4 MiB. The rest is read and thrown away." },
      },
      returns = {
        { name = "result", type = "halua.ExecResult?" },
        { name = "err", type = "halua.Error?" },
        { name = "partial", type = "halua.ExecResult?", text = "After a timeout: its outputs so far." },
      },
      example = [[
        local result = assert(halua.exec { "echo", "hello", timeout = "5s" })
        assert(result.code == 0 and result.stdout == "hello\n")
      ]],
      runs = true,
    },
  },
  classes = {
    {
      name = "halua.ExecResult", text = "How a program ended, and what it printed.",
      fields = {
        { name = "code", type = "integer?", text = "Its exit code; nil when a signal ended it." },
        { name = "signal", type = "integer?", text = "The number of the signal that ended it." },
        { name = "stdout", type = "string", text = "What it printed." },
        { name = "stderr", type = "string", text = "What it complained about." },
        { name = "truncated", type = "boolean", text = "It printed more than was kept." },
      },
    },
  },
}
