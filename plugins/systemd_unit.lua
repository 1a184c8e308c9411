--- A systemd unit is active.
--
-- halua.conf:
--
--   lua_plugin systemd_unit as web {    # load it as often as needed, each time under another name
--       unit nginx.service              # its name; .service can be left out
--       sub running                     # which sub-states are good, such as running, exited, listening, mounted;
--                                       # without it, all of an active unit
--   }
--   vrrp_instance VI_1 {
--       ...
--       track_lua {
--           web.active
--       }
--   }
--
-- web.active: what `systemctl show` says. A unit that has failed, was stopped, waits to be restarted, is starting, is
-- masked, frozen or not there: each has its own reason. Reloading counts as active.
--
-- systemd knows whether a program runs, not whether it works. For that track something that asks it, too (tcp, http,
-- mysql). The plugin `process` tells the end of a program at once and costs less.
--
-- Every 5 seconds, for 4 seconds at most; two failures in a row put the node into FAULT, two successes take it out.
-- `interval`, `timeout`, `fall`, `rise` and `weight` in track_lua change that.

local halua = require "halua"

local opt = halua.options {
  unit = halua.required "string",
  sub = {},
}

if not opt.unit:find("^[%w:_.\\@-]+$") or opt.unit:sub(1, 1) == "-" then
  halua.refuse("unit", ("\"%s\" is no name of a unit"):format(opt.unit))
end
if #opt.unit > 255 then halua.refuse("unit", "the name of a unit has at most 255 octets") end

-- systemctl adds .service only where no known ending is; the name in the reason is the whole one.
local unit = opt.unit:find("%.%a+$") and opt.unit or opt.unit .. ".service"

local COMMAND = {
  "systemctl", "show", "--no-pager",
  "--property=LoadState,ActiveState,SubState,Result,ExecMainCode,ExecMainStatus,NRestarts,FreezerState", "--", unit,
}

--- A text for a line of the log: short and printable.
local function shown(text)
  return text:sub(1, 200):gsub("[^\32-\126]", ".") .. (#text > 200 and "…" or "")
end

--- "Name=value" lines as a table.
local function properties(text)
  local values = {}
  for line in text:gmatch("[^\n]+") do
    local name, value = line:match("^(%w+)=(.*)$")
    if name then values[name] = shown(value) end
  end
  values.SubState = values.SubState or "no sub-state"
  return values
end

-- ExecMainCode, as waitid tells it: 1 is an exit, 2 and 3 are signals.
local function how_it_ended(p)
  if p.ExecMainCode == "1" then return ("%s, exit code %s"):format(p.Result, p.ExecMainStatus) end
  if p.ExecMainCode == "2" or p.ExecMainCode == "3" then
    return ("%s, signal %s"):format(p.Result, p.ExecMainStatus)
  end
  return p.Result or "no result"
end

local function is_good(sub)
  if #opt.sub == 0 then return true end
  for _, wanted in ipairs(opt.sub) do
    if sub == wanted then return true end
  end
  return false
end

--- What the properties say about the unit.
local function judge(p)
  if p.LoadState == "not-found" then
    return false, ("there is no unit %s on this host"):format(unit)
  elseif p.LoadState == "masked" then
    return false, unit .. " is masked: it cannot be started until `systemctl unmask`"
  elseif p.LoadState ~= "loaded" then
    return false, ("%s is not loaded: %s"):format(unit, p.LoadState or "systemd does not say why")
  elseif p.SubState == "auto-restart" or p.SubState == "auto-restart-queued" then
    return false, ("%s has ended (%s) and waits to be restarted; %s restarts so far"):format(
      unit, how_it_ended(p), p.NRestarts or "0")
  elseif p.ActiveState == "failed" then
    return false, ("%s has failed (%s)"):format(unit, how_it_ended(p))
  elseif p.ActiveState == "inactive" then
    return false, unit .. " is stopped"
  elseif p.ActiveState == "activating" then
    return false, ("%s is starting (%s)"):format(unit, p.SubState)
  elseif p.ActiveState == "deactivating" then
    return false, ("%s is stopping (%s)"):format(unit, p.SubState)
  elseif p.ActiveState ~= "active" and p.ActiveState ~= "reloading" and p.ActiveState ~= "refreshing" then
    return false, ("%s is %s (%s)"):format(unit, p.ActiveState or "in no state", p.SubState)
  elseif p.FreezerState and p.FreezerState ~= "" and p.FreezerState ~= "running" then
    return false, ("%s is %s: it does nothing until `systemctl thaw`"):format(unit, p.FreezerState)
  elseif p.ActiveState == "active" and not is_good(p.SubState) then
    return false, ("%s is active, but %s and not %s"):format(unit, p.SubState, table.concat(opt.sub, " or "))
  end
  return true
end

halua.check {
  name = "active",
  interval = "5s", timeout = "4s", fall = 2, rise = 2,
  run = function(ctx)
    local command = { table.unpack(COMMAND) }
    -- A little less than what is left, so that the reason is told here and not by the deadline.
    command.timeout = math.max(0.01, (ctx.deadline - halua.now()) * 0.9)
    local result, err = halua.exec(command)
    if not result and err.kind == "timeout" then
      return false, ("systemd did not say within %.1f s how %s is"):format(command.timeout, unit)
    elseif not result then
      return false, ("systemd cannot be asked about %s: %s"):format(unit, (err.message:gsub("^exec ", "")))
    elseif result.code ~= 0 then
      local line = result.stderr:match("[^\n]+") or ("systemctl ended with %s"):format(result.code or "a signal")
      return false, ("systemd does not say how %s is: %s"):format(unit, shown(line))
    end
    return judge(properties(result.stdout))
  end,
}
