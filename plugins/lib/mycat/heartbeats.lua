--- What Mycat's own heartbeat table says about its backends, read with doubt. Rows in, judgement out.

local Heartbeats = {}
Heartbeats.__index = Heartbeats

-- A check of a backend that takes longer than this hangs: Mycat itself says so only at its next round, or, in 1.6.7,
-- after some minutes.
local LONGEST_CHECK = 15

--- `stale`: a result older than this in seconds is none: the code next to it is what it was.
function Heartbeats.new(stale)
  return setmetatable({ stale = stale, seen = {} }, Heartbeats)
end

local function key(row)
  return ("%s %s:%s"):format(row.NAME, row.HOST, row.PORT)
end

--- Why a backend does not count as alive: nil when it does. The second result: Mycat does not know yet.
function Heartbeats:fault(row, seen, now)
  local code = math.tointeger(tonumber(row.RS_CODE))
  local retries = tonumber(row.RETRY) or 0
  if code == 0 then return "not checked yet", true end
  if code == -1 then return "its heartbeat fails (RS_CODE -1)" end
  if code == -2 then return "its heartbeat times out (RS_CODE -2)" end
  if code ~= 1 then return ("RS_CODE %s is unknown"):format(row.RS_CODE) end
  -- From here on the table says OK, which may be what was true once.
  if row.STOP == "true" then return "its heartbeat is stopped (stop @@heartbeat)" end
  if retries > 0 then return ("%d heartbeats have failed so far"):format(retries) end
  if seen.checking and now - seen.checking > LONGEST_CHECK then
    return ("its heartbeat has had no answer for %.0f s"):format(now - seen.checking)
  end
  if now - seen.changed > self.stale then
    return ("its last heartbeat came %.0f s ago"):format(now - seen.changed)
  end
end

--- Judges the rows of `show @@heartbeat` and `show @@datasource`. Returns total and alive data nodes, the lost ones in
-- words, how many data sources Mycat has not checked yet, and whether every data source is alive.
function Heartbeats:judge(heartbeats, datasources, now)
  local faults, is_unknown, seen = {}, {}, {}
  local unknown, is_all_well = 0, #heartbeats > 0
  for _, row in ipairs(heartbeats) do
    local name = key(row)
    local last = self.seen[name]
    local mark = row.LAST_ACTIVE_TIME or ""
    local is_checking = row.STATUS == "checking"
    local current = {
      mark = mark,
      changed = last and last.mark == mark and last.changed or now,
      checking = is_checking and (last and last.mark == mark and last.checking or now) or nil,
    }
    seen[name] = current
    local fault, not_yet = self:fault(row, current, now)
    faults[name] = fault or false
    is_unknown[name] = not_yet
    if fault then is_all_well = false end
    if not_yet then unknown = unknown + 1 end
  end
  self.seen = seen

  -- A data node lives by any of its write hosts.
  local nodes, names = {}, {}
  for _, row in ipairs(datasources) do
    if row["W/R"] == "W" then
      local node = nodes[row.DATANODE]
      if not node then
        node = { alive = false, faults = {} }
        nodes[row.DATANODE] = node
        table.insert(names, row.DATANODE)
      end
      local fault = faults[key(row)]
      if fault == nil then fault = "has no heartbeat" end
      if not fault or is_unknown[key(row)] then
        node.alive = true
      else
        table.insert(node.faults, ("%s: %s"):format(key(row), fault))
      end
    end
  end
  table.sort(names)
  local lost = {}
  for _, name in ipairs(names) do
    if not nodes[name].alive then
      table.insert(lost, ("%s (%s)"):format(name, table.concat(nodes[name].faults, ", ")))
    end
  end
  return {
    total = #names, alive = #names - #lost, lost = lost, unknown = unknown, is_all_well = is_all_well, at = now,
  }
end

return Heartbeats
