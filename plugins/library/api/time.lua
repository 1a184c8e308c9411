--- halua.now and halua.time: clocks.
return {
  noun = "time", group = "observing", title = "Clocks",
  text = "Durations everywhere in the API are a number of seconds or a string with its unit; see `halua.Duration`.",
  functions = {
    {
      name = "now", phase = "always",
      text = "Tells the time of a clock that only goes forward: for measuring spans.",
      returns = { { name = "seconds", type = "number", text = "With a fraction; only differences mean something." } },
      example = [[
        local began = halua.now()
        halua.sleep "10ms"
        assert(halua.now() - began >= 0.01)
      ]],
      runs = true,
    },
    {
      name = "time", phase = "always",
      text = "Tells the time of day. It can be set, also backwards.",
      returns = { { name = "seconds", type = "number", text = "Since 1970-01-01 00:00 UTC, with a fraction." } },
    },
  },
}
