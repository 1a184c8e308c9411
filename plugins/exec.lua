--- A program that says by its exit code how things are: a bridge for scripts that are there already.
--
-- halua.conf:
--
--   lua_plugin exec as load {           # load it as often as needed, each time under another name
--       command /usr/lib/nagios/plugins/check_load -w 8,6,4 -c 12,10,8
--       codes nagios                    # nagios: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN; plain: 0 good, others bad
--       warning pass                    # nagios: what WARNING means: pass, or fail
--       unknown keep                    # nagios: what UNKNOWN means: keep (the state stays, it shows as an error), …
--                                       # … fail, or pass
--       user nagios                     # who runs it; without it halua's user for scripts
--       group nagios
--       directory /                     # where it runs
--       env "WARN=5" "CRIT=9"           # variables of its environment, which has only PATH, LANG, HOME, USER else
--   }
--   vrrp_instance VI_1 {
--       ...
--       track_lua {
--           load.result
--       }
--   }
--
-- load.result: runs the program, without a shell: no pipes, no variables. For these give `sh -c "…"`. The first line it
-- prints is the reason. Performance data behind a `|`, as Nagios has it, becomes the metric `performance` with the
-- labels `label` and `unit` (`halua metrics`).
--
-- An exit code that means nothing (3 and more, or a program that cannot be started) says nothing about the service.
-- The same mistake would be on all nodes, so that "fail" would take the address from all of them. A program that does
-- not end in time, or is ended by a signal, has failed.
--
-- Every 10 seconds, for 8 seconds at most; three failures in a row put the node into FAULT, two successes take it out.
-- `interval`, `timeout`, `fall`, `rise` and `weight` in track_lua change that. A program costs a hundred times what a
-- check in Lua costs.

local halua = require "halua"

local opt = halua.options {
  command = halua.required "list",
  codes = halua.choice { "nagios", "plain" },
  warning = halua.choice { "pass", "fail" },
  unknown = halua.choice { "keep", "fail", "pass" },
  user = "",
  group = "",
  directory = "/",
  env = {},
}

if opt.command[1] == "" or opt.command[1]:find("^%.") or opt.command[1]:find("^[^/]+/") then
  halua.refuse("command", "the program is a whole path or a name to find in PATH, not \"" .. opt.command[1] .. "\"")
end

if opt.codes == "plain" then
  if opt.warning ~= "pass" then halua.refuse("warning", "has a meaning only with \"codes nagios\"") end
  if opt.unknown ~= "keep" then halua.refuse("unknown", "has a meaning only with \"codes nagios\"") end
end

local env = {}
for _, line in ipairs(opt.env) do
  local name, value = line:match("^([%a_][%w_]*)=(.*)$")
  if not name then halua.refuse("env", ("takes texts such as \"NAME=value\", not \"%s\""):format(line)) end
  if env[name] then halua.refuse("env", ("has %s twice"):format(name)) end
  env[name] = value
end

local program = opt.command[1]:match("[^/]+$") or opt.command[1]

local performance = halua.metrics.gauge(
  "performance", "Performance data of the program.", { labels = { "label", "unit" } })

--- The longest first line that becomes a reason.
local LONGEST_REASON = 300

--- The first line, without performance data and without what a terminal or a log would stumble over.
local function first_line(text)
  local line = (text:match("[^\n]+") or ""):gsub("|.*$", ""):gsub("[\0-\31\127]", " "):gsub("%s+$", "")
  return #line > LONGEST_REASON and line:sub(1, LONGEST_REASON) .. "…" or line
end

--- 'label'=12.5ms;warn;crit;min;max …: what stands behind the first `|` of a line.
local function note_performance(text)
  local data = text:match("|([^\n]*)")
  if not data then return end
  local at = 1
  while at <= #data do
    local label, after = data:match("^%s*'([^'=]+)'=()", at)
    if not label then label, after = data:match("^%s*([^%s'=]+)=()", at) end
    if not label then return end
    local value, unit, stop = data:match("^(%-?[%d.]+)([%a%%]*)[^%s]*()", after)
    if tonumber(value) then performance:set(tonumber(value), { label = label, unit = unit }) end
    at = stop or (data:find("%s", after) or #data + 1)
  end
end

--- What the operator reads: the program's own line, and what ended it.
local function reason(result, word)
  local line = first_line(result.stdout)
  if line == "" then line = first_line(result.stderr) end
  if line == "" then line = "it printed nothing" end
  return ("%s%s: %s"):format(program, word, line)
end

--- What an exit code of 3 and more, or no start at all, means.
local function unknown(words)
  if opt.unknown == "pass" then return true end
  if opt.unknown == "fail" then return false, words end
  -- A bug, not a failure: the check keeps its state and shows as an error.
  error(words, 0)
end

local function judge(result)
  if result.signal then
    return false, reason(result, (" was ended by signal %d"):format(result.signal))
  elseif result.code == 0 then
    return true
  elseif opt.codes == "plain" then
    return false, reason(result, (" ended with code %d"):format(result.code))
  elseif result.code == 1 then
    if opt.warning == "pass" then return true end
    return false, reason(result, " says WARNING")
  elseif result.code == 2 then
    return false, reason(result, " says CRITICAL")
  elseif result.code == 3 then
    return unknown(reason(result, " says UNKNOWN"))
  end
  return unknown(reason(result, (" ended with code %d, which has no meaning"):format(result.code)))
end

halua.check {
  name = "result",
  interval = "10s", timeout = "8s", fall = 3, rise = 2,
  run = function(ctx)
    local call = { table.unpack(opt.command) }
    -- A little less than what is left, so that the reason is told here and not by the deadline.
    call.timeout = math.max(0.01, (ctx.deadline - halua.now()) * 0.95)
    call.user, call.group = opt.user ~= "" and opt.user or nil, opt.group ~= "" and opt.group or nil
    call.cwd, call.env = opt.directory, env
    local result, err, partial = halua.exec(call)
    if result then
      note_performance(result.stdout)
      return judge(result)
    elseif err.kind == "timeout" then
      local line = partial and first_line(partial.stdout) or ""
      return false, ("%s did not end within %.1f s%s"):format(
        program, call.timeout, line ~= "" and "; it had printed: " .. line or "")
    end
    local words = ("%s cannot be started: %s"):format(program, (err.message:gsub("^exec .-: ", "")))
    if opt.codes == "plain" then return false, words end
    return unknown(words)
  end,
}
