--- Conflicts as incidents: told when one begins, and once more when it has been over for a while. What begins again
-- before that belongs to it.

local halua = require "halua"
local kept = require "notices.outbox".kept

-- Open conflicts that are told one by one: forged adverts must not become a flood of messages.
local MOST_CONFLICTS = 10

local conflicts = {}

--- The names of the open conflicts, in order.
local function open_conflicts()
  local names = {}
  for name in pairs(kept "conflicts") do names[#names + 1] = name end
  table.sort(names)
  return names
end

local function begin(ev, tell)
  local open, name = kept "conflicts", ev.instance.name .. " " .. ev.peer
  local known = open[name]
  if known then
    known.times, known.ended = known.times + 1, nil
  elseif #open_conflicts() < MOST_CONFLICTS then
    open[name] = {
      instance = ev.instance.name, peer = ev.peer, kind = ev.kind, since = ev.at, times = 1,
      priority = ev.priority, vips = { table.unpack(ev.vips) },
    }
    local what = ev.kind == "duplicate_address" and "claims the same priority and address as this node"
      or ("both claim %s"):format(table.concat(ev.vips, ", "))
    tell(ev, {
      event = "conflict", phase = "begin", kind = ev.kind, severity = "critical", peer = ev.peer,
      peer_priority = ev.peer_priority, winner = ev.winner, reason = ev.advice,
      text = ("CONFLICT with %s: %s. %s"):format(ev.peer, what, ev.advice),
    })
  elseif not halua.store.flood then
    halua.store.flood = true
    tell(ev, {
      event = "conflict", phase = "begin", kind = ev.kind, severity = "critical", peer = ev.peer, reason = ev.advice,
      text = ("CONFLICT with %s, too: more than %d at once, further ones are in the log of the node alone"):format(
        ev.peer, MOST_CONFLICTS),
    })
  end
  halua.store.conflicts = open
end

local function finish(ev)
  local open = kept "conflicts"
  local known = open[ev.instance.name .. " " .. ev.peer]
  if not known then return end
  known.ended, known.winner = ev.at, ev.winner
  halua.store.conflicts = open
end

--- Tells the end of one that is over.
local function tell_end(known, tell)
  local vi = halua.instance(known.instance)
  local times = known.times > 1 and (", it came %d times"):format(known.times) or ""
  local winner = known.winner and (", %s holds the address"):format(known.winner) or ""
  tell({
    instance = vi or { name = known.instance, state = "INIT" }, priority = vi and vi.priority or known.priority,
    vips = known.vips, at = known.ended,
  }, {
    event = "conflict", phase = "end", kind = known.kind, severity = "info", peer = known.peer,
    winner = known.winner, reason = "",
    text = ("the conflict with %s is over after %d s%s%s"):format(
      known.peer, math.floor(known.ended - known.since + 0.5), times, winner),
  })
end

--- Watches an instance, or all of them, and calls `tell(ev, notice)`. `calm`: for how many seconds a conflict must be
-- over.
function conflicts.watch(instance, calm, tell)
  halua.on.conflict {
    instance = instance,
    run = function(ev)
      if ev.phase == "begin" then begin(ev, tell) else finish(ev) end
    end,
  }
  halua.every("1s", function()
    local open = kept "conflicts"
    for _, name in ipairs(open_conflicts()) do
      local known = open[name]
      if known.ended and halua.now() - known.ended >= calm then
        open[name] = nil
        tell_end(known, tell)
        halua.store.conflicts = open
      end
    end
    if not next(open) then halua.store.flood = nil end
  end)
end

return conflicts
