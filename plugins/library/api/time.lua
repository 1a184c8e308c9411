--- halua.now, halua.time, halua.seconds: clocks and spans.
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
    {
      name = "seconds", phase = "always",
      text = "A span of time as a number of seconds, for calculating with it; as options give it, for example.",
      params = { { name = "duration", type = "halua.Duration", text = "A number, or a string with its unit." } },
      returns = { { name = "seconds", type = "number", text = "The same span." } },
      example = [[
        local opt = halua.options { pause = "250ms" }
        local half = halua.seconds(opt.pause) / 2
        assert(half == 0.125)
      ]],
    },
  },
}
