--- halua.check: what decides whether this node is fit to hold the VIP.
return {
  noun = "check", group = "register", title = "Checks",
  text = [[
    A check is a function that halua calls again and again. It says whether something works. An instance uses a
    check when its `track_lua` block names it, as `<plugin>.<name>`; a check that no instance tracks runs only when
    a hook of `halua.on.check` listens to it.

    A run that returns true has succeeded. A run that returns false and a reason, or that raises an error object of
    the API (`assert(halua.tcp.connect{…})`), has failed. Any other error is a bug in the script: the check keeps
    its last state, and the log and `halua status` name file and line.
  ]],
  functions = {
    {
      name = "check", phase = "loading",
      text = [[
        Registers a check. Runs never overlap: a run that takes longer than the interval makes the next one start
        late, and none is queued. A run that reaches its timeout is ended and has failed; the reason names the line
        where it waited.

        The interval, timeout, rise, fall and weight that `track_lua` states win over those given here.
      ]],
      fields = {
        { name = "name", type = "string", required = true,
          text = "Letters, digits, `_` and `-`, at most 64; unique in the plugin." },
        { name = "run", type = "async fun(ctx: halua.CheckContext): boolean, string?", required = true,
          text = "The check itself: returns true, or false and the reason in words." },
        { name = "interval", type = "halua.Duration", default = '"5s"',
          text = "From the start of a run to the start of the next; at least 10 ms." },
        { name = "timeout", type = "halua.Duration", default = "the interval",
          text = "How long a run may take; at least 10 ms." },
        { name = "rise", type = "integer", default = "1",
          text = "How many runs in a row must succeed before the check counts as up: 1 to 255." },
        { name = "fall", type = "integer", default = "1",
          text = "How many runs in a row must fail before the check counts as down: 1 to 255." },
        { name = "weight", type = "integer", default = "none",
          text = [[
            -253 to 253. Without a weight the instance is in FAULT while the check is down. A negative weight lowers
            the priority while the check is down; a positive one raises it while the check is up.
          ]] },
        { name = "wake_on", type = "halua.Watch|halua.FileWatch",
          text = "Run at once when this fires, in addition to the interval." },
        { name = "on_bug", type = '"keep"|"fail"', default = '"keep"',
          text = "What a bug in the script means: the check keeps its last state, or it has failed." },
      },
      returns = {},
      example = [[
        halua.check {
          name = "port", interval = "2s", timeout = "1s", fall = 3, rise = 2,
          run = function()
            local connection <close> = assert(halua.tcp.connect { host = "127.0.0.1", port = 3306 })
            return connection ~= nil
          end,
        }
      ]],
    },
  },
  classes = {
    { name = "halua.CheckContext", text = "What the function of a check is called with.",
      fields = {
        { name = "name", type = "string", text = "The name of the check, without the plugin's." },
        { name = "run", type = "integer", text = "How often it has run, this run included." },
        { name = "deadline", type = "number", text = "When this run is ended, on the clock of `halua.now`." },
      } },
  },
}
