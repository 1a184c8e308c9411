--- halua.metrics: what a plugin counts and measures.

local labels = { name = "labels", type = "string|string[]", default = "none", text = "The names of its labels." }

local function make(kind, text, extra, example)
  local fields = { labels }
  if extra then fields[2] = extra end
  return {
    name = "metrics." .. kind, phase = "always", text = text,
    params = {
      { name = "name", type = "string", text = "Small letters, digits and `_`, at most 64." },
      { name = "help", type = "string", optional = true, text = "What it means, for people." },
    },
    fields = fields,
    returns = { { name = "metric", type = "halua.Metric" } },
    example = example, runs = true,
  }
end

local at = { name = "labels", type = "table<string, string|number>", optional = true,
  text = "A value for each of its labels; left out when it has none." }

local function change(name, text, has_value)
  return {
    name = "Metric:" .. name, phase = "running", text = text, returns = {},
    params = has_value and { { name = "value", type = "number", text = "The number." }, at } or { at },
  }
end

return {
  noun = "metrics", group = "observing", title = "Metrics",
  text = [[
    `halua metrics` prints them for Prometheus, with `halua_plugin_` before the name and the plugin as a label. Changes
    cost next to nothing: they are told to the daemon at most once a second. A metric goes by its name: asking for it
    again gives the same one. Counters and histograms go on after a reload. A plugin may have 100 metrics, each with 100
    combinations of its labels; more of them are left out, which is logged once.
  ]],
  functions = {
    make("counter", "A number that only grows.", nil, [[halua.metrics.counter("retries", "Retries so far."):inc()]]),
    make("gauge", "A number that goes up and down.", nil, [[
      local backends = halua.metrics.gauge("backends", "Backends by state.", { labels = "state" })
      backends:set(3, { state = "up" })
    ]]),
    make("histogram", "How many observations fell into each of some ranges, and their sum.", {
      name = "buckets", type = "number[]", default = "0.001 to 10",
      text = "The upper bounds of the ranges, growing, at most 32.",
    }, [[halua.metrics.histogram("answer_seconds", "Time to the answer."):observe(0.25)]]),
    change("inc", "Adds one to a counter or a gauge."),
    change("add", "Adds to a counter (not less than 0) or to a gauge.", true),
    change("set", "Sets a gauge.", true),
    change("observe", "Adds an observation to a histogram.", true),
  },
  classes = { { name = "halua.Metric", text = "A counter, gauge or histogram." } },
}
