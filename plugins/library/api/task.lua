--- halua.sleep and halua.spawn: waiting, and doing several things at a time.
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
