--- A program runs: at least so many of its processes, none of them stopped.
--
-- halua.conf:
--
--   lua_plugin process as nginx {       # load it as often as needed, each time under another name
--       name nginx                      # the name as the kernel has it, at most 15 octets …
--       exe /usr/sbin/nginx             # … or the path of the program …
--       cmdline io.mycat.MycatStartup   # … or a whole argument, or several of which it has one …
--       pidfile /run/nginx.pid          # … or the file with its number: one of the four
--       min 1                           # how many there must be
--       max 0                           # how many there may be; 0 for any number
--   }
--   vrrp_instance VI_1 {
--       ...
--       track_lua {
--           nginx.running
--       }
--   }
--
-- nginx.running: processes that have ended and were not collected (zombies) and those that are stopped (SIGSTOP, a
-- debugger) do not count. The kernel tells the end of one at once, so one failure is enough; a restart of the service
-- costs the address then. `nginx.running fall 3` in track_lua forgives two seconds.
--
-- That a process runs says nothing about its service: track something that asks it, too (tcp, http, mysql).
--
-- Every second; one failure puts the node into FAULT, two successes take it out.
-- `interval`, `fall`, `rise` and `weight` in track_lua change that.

local halua = require "halua"

local opt = halua.options {
  name = "",
  exe = halua.optional "path",
  cmdline = {},
  pidfile = halua.optional "path",
  min = 1,
  max = 0,
}

--- How the operator described the processes: the selector for the API, and the same in words.
local function selector()
  local chosen = {}
  if opt.name ~= "" then chosen[#chosen + 1] = { "name", opt.name, opt.name } end
  if opt.exe then chosen[#chosen + 1] = { "exe", opt.exe, opt.exe } end
  if #opt.cmdline > 0 then chosen[#chosen + 1] = { "cmdline", opt.cmdline, table.concat(opt.cmdline, " or ") } end
  if opt.pidfile then chosen[#chosen + 1] = { "pidfile", opt.pidfile, "the program of " .. opt.pidfile } end
  if #chosen == 0 then halua.refuse("name", "say which process: by name, exe, cmdline or pidfile") end
  if #chosen > 1 then
    halua.refuse(chosen[2][1], ("the process is described by \"%s\" already: only one of them"):format(chosen[1][1]))
  end
  local key, value, words = table.unpack(chosen[1])
  return { [key] = value }, words
end

local wanted, words = selector()

for _, argument in ipairs(opt.cmdline) do
  if argument == "" then halua.refuse("cmdline", "an argument must have a letter at least") end
end
if #opt.name > 15 then halua.refuse("name", "the kernel keeps 15 octets of a name: " .. opt.name:sub(1, 15)) end
if opt.min < 1 then halua.refuse("min", "takes 1 or more, not " .. opt.min) end
if opt.max ~= 0 and opt.max < opt.min then halua.refuse("max", ("takes 0, or at least min (%d)"):format(opt.min)) end

local watch = assert(halua.process.watch(wanted))

-- The one that was seen last, to tell "has ended" from "was never there".
local last

local function why_too_few(running, stopped)
  if #stopped > 0 then
    local one = stopped[1]
    return ("%s: process %d is %s and does nothing until it is continued%s"):format(
      words, one.pid, one.state, #stopped > 1 and (" (and %d others)"):format(#stopped - 1) or "")
  elseif #running > 0 then
    return ("%s: %d processes run, needs %d"):format(words, #running, opt.min)
  elseif last then
    return ("%s does not run: process %d has ended"):format(words, last)
  end
  return words .. " does not run"
end

halua.check {
  name = "running",
  interval = "1s", fall = 1, rise = 2,
  wake_on = watch,
  run = function()
    local running, stopped = {}, {}
    for _, pid in ipairs(watch:pids()) do
      local status = halua.process.status(pid)
      if status and (status.state == "stopped" or status.state == "traced") then
        stopped[#stopped + 1] = status
      elseif status and status.state ~= "zombie" then
        running[#running + 1] = status
      end
    end
    if #running < opt.min then return false, why_too_few(running, stopped) end
    last = running[1].pid
    if opt.max > 0 and #running > opt.max then
      return false, ("%s: %d processes run, and %d are allowed"):format(words, #running, opt.max)
    end
    return true
  end,
}
