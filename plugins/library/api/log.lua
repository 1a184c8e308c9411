--- halua.log: lines in the daemon's log.

local function level(word, text)
  return {
    name = "log." .. word, phase = "always", text = text,
    params = {
      { name = "message", type = "any", text = "The message; longer than 4 KiB it is cut." },
      { name = "fields", type = "table<string, any>", optional = true,
        text = "Values to log with it, by name: at most 32, each cut at 1 KiB." },
    },
    returns = {},
  }
end

local info = level("info", "Logs something worth knowing.")
info.example = [[halua.log.info("the cache is warm", { entries = 1200 })]]
info.runs = true

return {
  noun = "log", group = "observing", title = "Log",
  text = [[
    Lines go to the daemon's log with the plugin's name. What is logged while the plugin is loaded is dropped. A log
    is no place for data: a plugin may write 200 lines at once and 20 a second afterwards, and what is left out is
    counted and said. halua drops lines rather than wait for a slow reader, and says how many.
  ]],
  functions = {
    level("debug", "Logs something that only a developer wants to see."),
    info,
    level("warn", "Logs something that is wrong and that the plugin copes with."),
    level("error", "Logs something that somebody must look at."),
    {
      name = "print", phase = "always", global = true,
      text = "Logs its arguments at the level info, with tabs between.",
      params = { { name = "...", type = "any", text = "What to log." } },
      returns = {},
    },
  },
}
