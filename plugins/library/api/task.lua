--- halua.sleep, spawn, all, any and with_timeout: waiting, and doing several things at a time.
return {
  noun = "task", group = "waiting", title = "Waiting and tasks",
  text = [[
    Every run of a check, a hook or a spawned function is a task. A function that waits lets all other tasks go on;
    nothing else in halua stands still meanwhile. Waiting is possible everywhere in a task, except inside a
    comparator of `table.sort`, a function given to `string.gsub`, and the closing of a task that was cancelled.

    A task that is cancelled does not come back from where it waits: what it opened is closed, and its `<close>`
    variables are closed. A plugin may have 1,000 tasks at a time.
  ]],
  functions = {
    {
      name = "sleep", phase = "running", waits = true,
      text = "Waits. `sleep(0)` lets the other tasks have a turn.",
      params = { { name = "duration", type = "halua.Duration", text = "How long." } },
      returns = { { name = "ok", type = "true" } },
      example = [[halua.sleep "20ms"]],
      runs = true,
    },
    {
      name = "spawn", phase = "always",
      text = [[
        Starts a task. One that is started inside of a run ends with that run at the latest. One that is started
        while the plugin is loaded begins when the plugin does and may go on for as long as it lives; it gets no
        arguments and no task is returned.
      ]],
      params = {
        { name = "run", type = "async fun(...)", text = "What to do." },
        { name = "...", type = "any", text = "Its arguments." },
      },
      returns = { { name = "task", type = "halua.Task", text = "While loading: nothing." } },
      example = [[
        local slow = halua.spawn(function(word)
          halua.sleep "20ms"
          return word:upper()
        end, "done")
        assert(slow:join() == "DONE")
      ]],
      runs = true,
    },
    {
      name = "all", phase = "running", waits = true,
      text = [[
        Runs functions side by side and waits for all of them. The result is a list of what each returned first, in
        their order, with their number as `n` (one that returned nothing leaves a hole). A `false` is a result like any
        other. When one returns `nil` and an error, or an operating error is raised in it, the others are cancelled
        and that error is returned. A bug in one is raised here, with its own traceback.
      ]],
      params = { { name = "functions", type = "(async fun(): any)[]", text = "What to run." } },
      returns = {
        { name = "results", type = "table?", text = "What each returned first, and `n`." },
        { name = "err", type = "any", text = "The error of the first that failed." },
      },
      example = [[
        local pages = assert(halua.all {
          function() halua.sleep "2ms" return "first" end,
          function() return "second" end,
        })
        assert(pages.n == 2 and pages[1] == "first")
      ]],
      runs = true,
    },
    {
      name = "any", phase = "running", waits = true,
      text = [[
        Runs functions side by side and waits for the first that succeeds: whose first result is neither `nil` nor
        `false`. All of its results are returned, and the others are cancelled before. When none succeeds, the error
        tells every different reason once (at most four), with the kind of the last function's in the list. A bug in
        one is raised here, with its own traceback.
      ]],
      params = { { name = "functions", type = "(async fun(): any)[]", text = "What to run: at least one." } },
      returns = {
        { name = "...", type = "any", text = "What the first to succeed returned; `nil` when none did." },
        { name = "err", type = "halua.Error?" },
      },
      example = [[
        local answer = halua.any {
          function() return nil, "no luck" end,
          function() halua.sleep "2ms" return "found" end,
          function() halua.sleep(60) return "too late" end,
        }
        assert(answer == "found")
      ]],
      runs = true,
    },
    {
      name = "with_timeout", phase = "running", waits = true,
      text = [[
        Runs a function that may not take longer than a span, and returns what it returns. When the time is over the
        function is cancelled where it waits, its `<close>` variables are closed, and the error of kind `timeout` says
        what it waited in and where. They may stand in each other; the shortest time ends what is inside of it.
      ]],
      params = {
        { name = "duration", type = "halua.Duration", text = "How long it may take." },
        { name = "run", type = "async fun(...): ...", text = "What to do." },
        { name = "...", type = "any", text = "Its arguments." },
      },
      returns = {
        { name = "...", type = "any", text = "What the function returned; `nil` when it failed." },
        { name = "err", type = "halua.Error?" },
      },
      example = [[
        local _, err = halua.with_timeout("5ms", function() halua.sleep(60) end)
        assert(err.kind == "timeout")
      ]],
      runs = true,
    },
    {
      name = "Task:join", phase = "running", waits = true,
      text = "Waits for the end of a task. A bug in the task's function is raised here, too.",
      returns = {
        { name = "...", type = "any",
          text = "What the function returned; nil and an error when it failed or was cancelled." },
      },
    },
    {
      name = "Task:cancel", phase = "running",
      text = "Ends a task where it waits. A task cannot cancel itself.",
      returns = {},
    },
  },
  classes = { { name = "halua.Task", text = "A task that `halua.spawn` has started." } },
}
