--- Subjects and first lines as keepalived 2.2.7 writes them, and its rules about what is told.

local halua = require "halua"
local kept = require "notices.outbox".kept

local keepalived = {}

local INSTANCE = {
  MASTER = { "Entering MASTER state", "=> VRRP Instance is now owning VRRP VIPs <=" },
  BACKUP = { "Entering BACKUP state", "=> VRRP Instance is no longer owning VRRP VIPs <=" },
  FAULT = { "Entering FAULT state", "=> VRRP Instance is no longer owning VRRP VIPs <=" },
  INIT = { "Stopping", "=> VRRP Instance stopping <=" },
}

--- Every state but the one that was told last.
local function is_news(name, state, told)
  local last = kept "told"
  if not told[state] or last[name] == state then return false end
  last[name] = state
  halua.store.told = last
  return true
end

--- The subject and first line of a transition; nil when it is not told.
function keepalived.of_instance(ev, told)
  if not is_news("instance " .. ev.instance.name, ev.to, told) then return nil end
  local subject, opening = table.unpack(INSTANCE[ev.to])
  return { subject = ("VRRP Instance %s - %s"):format(ev.instance.name, subject), opening = opening }
end

--- Remembers the state for the groups.
function keepalived.entered(ev)
  local states = kept "states"
  states[ev.instance.name] = ev.to
  halua.store.states = states
end

--- Whether the state of an instance has been heard of.
function keepalived.is_known(vi) return kept("states")[vi.name] == vi.state end

--- The groups { name, members } that a transition brings into a state, with subject and first line.
--
-- A group is in a state when all of its members are, so that it comes after its last member (`is_before` false). Only
-- at the start it comes before its first one, as BACKUP or FAULT.
function keepalived.of_groups(ev, told, groups, is_before)
  local states, found = kept "states", {}
  for _, group in ipairs(groups) do
    local is_member, is_whole = false, true
    for _, name in ipairs(group.members) do
      is_member = is_member or name == ev.instance.name
      is_whole = is_whole and states[name] == ev.to
    end
    local is_first = not kept("told")["group " .. group.name] and (ev.to == "BACKUP" or ev.to == "FAULT")
    local is_due = is_member and ev.to ~= "INIT" and (is_before and is_first or not is_before and is_whole)
    if is_due and is_news("group " .. group.name, ev.to, told) then
      found[#found + 1] = {
        group = group.name, subject = ("VRRP Group %s - %s"):format(group.name, INSTANCE[ev.to][1]),
        opening = ("=> All VRRP group instances are now in %s state <="):format(ev.to),
      }
    end
  end
  return found
end

return keepalived
