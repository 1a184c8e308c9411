--- From single results to a verdict: k of n, no flapping, and nothing given up when nobody else could take it.

local halua = require "halua"

-- Failures that are further apart than this have nothing to do with each other.
local MEMORY = 600
local LONGEST_HOLD = 300

local Verdict = {}
Verdict.__index = Verdict

--- `rules`: failures of window, hold_down in seconds, and, where a failure costs the address, has_substitute, a
-- function that says whether another node could serve.
function Verdict.new(name, rules)
  return setmetatable({
    name = name, failures = rules.failures, window = rules.window, hold_down = rules.hold_down,
    has_substitute = rules.has_substitute,
    results = {}, good = 0, reason = nil, is_kept = false,
    -- What a reload must not forget, in the store.
    memory = nil,
  }, Verdict)
end

--- What is remembered: whether it is down; how often it has failed lately, when the last time was and why, and until
-- when it stays down for that. What costs the address begins as down: before the first success nothing is forgiven.
function Verdict:remember()
  if not self.memory then
    self.memory = halua.store[self.name] or { is_down = self.has_substitute ~= nil, falls = 0, held_until = 0 }
    halua.store[self.name] = self.memory
  end
  return self.memory
end

function Verdict:note(ok)
  table.insert(self.results, ok)
  if #self.results > self.window then table.remove(self.results, 1) end
  local failed = 0
  for _, result in ipairs(self.results) do
    if not result then failed = failed + 1 end
  end
  return failed
end

function Verdict:fall()
  local now, memory = halua.now(), self:remember()
  memory.falls = memory.fell_at and now - memory.fell_at < MEMORY and memory.falls + 1 or 0
  memory.fell_at = now
  local hold = memory.falls == 0 and 0 or math.min(LONGEST_HOLD, self.hold_down * 2 ^ (memory.falls - 1))
  memory.held_until = now + hold
  memory.is_down = true
end

--- Says no; or yes, when this node has the address and no other could serve it.
function Verdict:deny(reason)
  self.reason = reason
  if not self.has_substitute or self.has_substitute() then
    self.is_kept = false
    return false, reason
  end
  if not self.is_kept then
    halua.log.warn(("%s has failed, and no other node could serve: the address stays here: %s"):format(
      self.name, reason))
  end
  self.is_kept = true
  return true
end

function Verdict:passed()
  self.good = self.good + 1
  local failed, memory = self:note(true), self:remember()
  if memory.is_down then
    local left = memory.held_until - halua.now()
    if left > 0 then
      return self:deny(("works again, but has failed %d times of late: kept down for %.0f s more; last: %s"):format(
        memory.falls + 1, left, memory.last))
    end
    -- Two in a row, as the check's own rise: until then no failure is forgiven.
    if self.good >= 2 then memory.is_down, self.results = false, {} end
  elseif failed >= self.failures then
    self:fall()
    return self:deny(("%d of the last %d failed: %s"):format(failed, #self.results, memory.last))
  end
  self.is_kept = false
  return true
end

--- `is_certain`: this alone decides.
function Verdict:failed(reason, is_certain)
  local failed, memory = self:note(false), self:remember()
  self.good, memory.last = 0, reason
  if not memory.is_down then
    if not is_certain and failed < self.failures then
      halua.log.debug(("%s: %d of %d failures: %s"):format(self.name, failed, self.failures, reason))
      return true
    end
    self:fall()
  end
  return self:deny(reason)
end

--- Nothing is known yet: as it was.
function Verdict:undecided(reason)
  if self:remember().is_down then
    self.good = 0
    return self:deny(reason)
  end
  return true
end

return Verdict
