--- Handing over: gives an address away that no weight can move, and does so rarely.

local halua = require "halua"

-- How long a node that hands over stays in FAULT. Its goodbye makes another one master within a second.
local SPAN = "10s"
-- How long it must have had the address, in seconds. Were all to hand over for the same reason, the one that takes
-- over would else leave while the other one is still in FAULT, and nobody had the address.
local LEAST_MASTERSHIP = 15
-- For how long it keeps an address that has come back to it, in seconds.
local PAUSE = 300

local HandOver = {}
HandOver.__index = HandOver

--- `name`: of the check. `has_substitute`: a function that says whether another node could serve.
function HandOver.new(name, has_substitute)
  return setmetatable({ name = name, has_substitute = has_substitute, has_told_kept = false }, HandOver)
end

--- When each instance has handed over; a reload must not forget it.
function HandOver:key() return "mycat.handed_over." .. self.name end

--- Gives the address of an instance away, if it has it and nobody may preempt it.
function HandOver:ask(vi, reason)
  if vi.preempts or vi.state ~= "MASTER" or halua.now() - vi.since < LEAST_MASTERSHIP then return end
  local given = halua.store[self:key()] or {}
  if given[vi.name] and halua.now() - given[vi.name] < PAUSE then return end
  if self.has_substitute() then
    given[vi.name] = halua.now()
    halua.store[self:key()] = given
    vi:demote(self.name, "hands over, because with nopreempt a weight moves nothing: " .. reason, SPAN)
  elseif not self.has_told_kept then
    self.has_told_kept = true
    halua.log.warn(("%s keeps its address, because no peer could serve: %s"):format(vi.name, reason))
  end
end

--- All is well again: the next time is the first one.
function HandOver:forget()
  halua.store[self:key()] = nil
  self.has_told_kept = false
end

return HandOver
