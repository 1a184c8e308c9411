--- halua.every: a function that runs again and again.
return {
  noun = "every", group = "register", title = "Recurring tasks",
  text = "Work that has to be done from time to time, and whose result decides nothing. What decides is a check.",
  functions = {
    {
      name = "every", phase = "loading",
      text = [[
        Runs a function again and again, the first time one interval after the start. Runs never overlap: while one
        goes on, the next ones are left out. A run may take as long as the interval, at least 10 seconds, before it
        is ended. An error ends one run and no more; the log says each kind of failure once, and how many there were.
      ]],
      params = {
        { name = "interval", type = "halua.Duration", text = "From start to start; at least 10 ms." },
        { name = "run", type = "async fun()", text = "What to do." },
      },
      returns = { { name = "recurring", type = "halua.Recurring" } },
      example = [[
        halua.every("60s", function()
          halua.log.info("still here")
        end)
      ]],
    },
    {
      name = "Recurring:cancel", phase = "always",
      text = "No further run. One that goes on comes to its end.",
      returns = {},
    },
  },
  classes = { { name = "halua.Recurring", text = "A task that `halua.every` has registered." } },
}
