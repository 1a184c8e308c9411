--- halua.during.*: tasks that live exactly as long as an instance is in a state.

local function during(name, text, example)
  return {
    name = "during." .. name, phase = "loading", text = text,
    fields = {
      { name = "run", type = "async fun(vi: halua.Instance)", required = true, text = "What to do meanwhile." },
      { name = "instance", type = "string", default = "every instance",
        text = "Only for this instance; `halua.ANY` for every one." },
    },
    instead = { name = "run", type = "async fun(vi: halua.Instance)", text = "The function alone." },
    returns = {}, example = example,
  }
end

return {
  noun = "during", group = "register", title = "Tasks of a state",
  text = [[
    Such a task starts when an instance enters the state and is cancelled the moment it leaves it: no loop goes on
    that nobody needs. There are never two at once for one instance. A reload starts it anew when the instance is in
    that state.

    A task that returns is done until the state is entered again. One that fails is started again after a pause of
    1 second, then 2, 4 … up to 30; the log says each kind of failure once.
  ]],
  functions = {
    during("master", "Runs a function while an instance is MASTER and holds its addresses.", [[
      halua.during.master(function(vi)
        while true do
          halua.log.debug(vi.name .. " is still master")
          halua.sleep "10s"
        end
      end)
    ]]),
    during("backup", "Runs a function while an instance is BACKUP."),
  },
}
