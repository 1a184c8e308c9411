--- HAProxy: it answers on its stats socket, and its backends have servers that are up.
--
-- halua.conf:
--
--   lua_plugin haproxy {                # load it as often as needed, each time under another name
--       socket /run/haproxy/admin.sock  # "stats socket /run/haproxy/admin.sock" in haproxy.cfg
--       backends shop api               # the backends that matter; without it, all that have servers
--       min_up 1                        # how many servers each of them needs
--   }
--   vrrp_instance VI_1 {
--       ...
--       track_lua {
--           haproxy.alive
--           haproxy.backends weight -20
--       }
--   }
--
-- haproxy.alive: the process answers "show info" and is not stopping. One that hangs is told from one that is gone.
--
-- haproxy.backends: each backend has at least `min_up` servers that are UP (servers without a check count, in MAINT,
-- DRAIN, NOLB and DOWN they do not). When all nodes balance over the same servers, their loss is no reason to move the
-- address: give it a weight, equal on all nodes, so that it decides nothing when all nodes see the same.
--
-- The level "user" is enough for the socket. Every 2 seconds, for 1 second at most; three failures in a row count, and
-- two successes end them. `interval`, `timeout`, `fall`, `rise` and `weight` in track_lua change that.

local halua = require "halua"

local opt = halua.options {
  socket = "/run/haproxy/admin.sock",
  backends = {},
  min_up = 1,
}

if #opt.socket > 107 then halua.refuse("socket", "the path of a socket has at most 107 octets") end
if opt.min_up < 1 then halua.refuse("min_up", "takes 1 or more, not " .. opt.min_up) end

--- Says in the operator's words why the socket gave no answer. `what`: what was being done.
local function why(err, limit)
  if err.kind == "refused" then
    return ("nothing listens on %s: haproxy does not run, or has no \"stats socket\" there"):format(opt.socket)
  elseif err.kind == "timeout" then
    return ("haproxy accepts on %s but did not answer within %.1f s: is it frozen?"):format(opt.socket, limit)
  elseif err.kind == "closed" or err.kind == "reset" then
    return ("haproxy broke off the connection to %s: all its connections may be taken"):format(opt.socket)
  elseif err.kind == "protocol" then
    return ("what answers on %s says too much for haproxy: %s"):format(opt.socket, err.message)
  end
  return err.message
end

--- An answer for a line of the log: short and printable.
local function shown(answer)
  return answer == "" and "nothing" or '"' .. answer:sub(1, 40):gsub("[^\32-\126]", ".") .. '"'
end

--- What haproxy answers to one command, which begins with `head`; nil and the reason when it does not.
local function ask(command, head, ctx)
  -- A little less than what is left, so that the reason is told here and not by the deadline.
  local function limit() return math.max(0.01, (ctx.deadline - halua.now()) * 0.9) end

  local patience = limit()
  local connection <close>, err = halua.unix.connect { path = opt.socket, timeout = patience }
  if not connection then
    if err.kind == "timeout" then
      return nil, ("haproxy does not accept on %s: its queue is full, it is frozen"):format(opt.socket)
    end
    return nil, why(err, patience)
  end
  local sent, problem = connection:send(command .. "\n", limit())
  if not sent then return nil, why(problem, patience) end
  patience = limit()
  local answer
  answer, err = connection:receive("*a", patience)
  if not answer then return nil, why(err, patience) end
  if answer:find("^Permission denied") then
    return nil, ("haproxy refuses \"%s\" on %s: the socket needs the level user"):format(command, opt.socket)
  elseif answer:sub(1, #head) ~= head then
    return nil, ("what answers on %s is no haproxy: it says %s"):format(opt.socket, shown(answer))
  elseif not answer:find("\n\n$") then
    -- An empty line ends each of its answers.
    return nil, ("haproxy broke off in the middle of its answer on %s"):format(opt.socket)
  end
  return answer
end

halua.check {
  name = "alive",
  interval = "2s", timeout = "1s", fall = 3, rise = 2,
  run = function(ctx)
    local answer, reason = ask("show info", "Name: ", ctx)
    if not answer then return false, reason end
    if not answer:find("\nUptime_sec: %d+") then
      return false, ("what answers on %s is no haproxy: it says %s"):format(opt.socket, shown(answer))
    elseif answer:find("\nStopping: 1") then
      return false, "haproxy is stopping: it serves what it has and accepts nothing new"
    end
    return true
  end,
}

-- Statistics ------------------------------------------------------------------------------------------------------

--- A field in quotes that begins after `at`, and where it ends: two quotes stand for one.
local function quoted(line, at)
  local text = ""
  while true do
    local part, after = line:match('^([^"]*)"?()', at)
    text, at = text .. part, after
    if line:sub(at, at) ~= '"' then return text, at end
    text, at = text .. '"', at + 1
  end
end

--- The fields of one line of CSV; a field in quotes may hold commas.
local function csv(line)
  local fields, at = {}, 1
  repeat
    local text
    if line:sub(at, at) == '"' then text, at = quoted(line, at + 1) else text, at = line:match("^([^,]*)()", at) end
    fields[#fields + 1] = text
    at = (line:find(",", at, true) or #line + 1) + 1
  until at > #line + 1
  return fields
end

--- The statistics as a list of tables by the names of the columns; nil when a column is missing.
local function rows_of(answer)
  local head = answer:match("^# ([^\n]*)\n")
  local names, has = csv(head), {}
  for _, name in ipairs(names) do has[name] = true end
  if not (has.pxname and has.svname and has.status and has.type) then return nil end
  local rows = {}
  for line in answer:sub(#head + 4):gmatch("[^\n]+") do
    local row = {}
    for index, value in ipairs(csv(line)) do row[names[index] or index] = value end
    rows[#rows + 1] = row
  end
  return rows
end

local BACKEND, SERVER = "1", "2"

--- Each backend with its servers, as a list and by name: how many there are, how many are up, and what the others are.
local function backends_of(rows)
  local list, by_name = {}, {}
  local function backend(name)
    if not by_name[name] then
      by_name[name] = { name = name, up = 0, count = 0, ill = {} }
      list[#list + 1] = by_name[name]
    end
    return by_name[name]
  end
  for _, row in ipairs(rows) do
    if row.type == BACKEND and row.pxname then
      backend(row.pxname)
    elseif row.type == SERVER and row.pxname then
      local owner, status = backend(row.pxname), row.status or "unknown"
      owner.count = owner.count + 1
      if status:find("^UP") or status == "no check" then
        owner.up = owner.up + 1
      else
        local why_ill = row.check_status ~= "" and row.check_status
        owner.ill[#owner.ill + 1] = ("%s %s"):format(row.svname or "a server", status)
          .. (why_ill and (" (%s)"):format(why_ill) or "")
      end
    end
  end
  return list, by_name
end

--- At most four, so that a line of the log stays one.
local function listed(ill)
  if #ill == 0 then return "" end
  local more = #ill > 4 and (" and %d more"):format(#ill - 4) or ""
  return ": " .. table.concat(ill, ", ", 1, math.min(#ill, 4)) .. more
end

halua.check {
  name = "backends",
  interval = "2s", timeout = "1s", fall = 3, rise = 2,
  run = function(ctx)
    -- Backends and servers of all proxies: -1 is every proxy, 6 the types 2 and 4.
    local answer, reason = ask("show stat -1 6 -1", "# ", ctx)
    if not answer then return false, reason end
    local rows = rows_of(answer)
    if not rows then
      return false, ("what answers on %s is no haproxy: it says %s"):format(opt.socket, shown(answer))
    end
    local list, by_name = backends_of(rows)
    local wanted = {}
    for _, name in ipairs(opt.backends) do
      if not by_name[name] then return false, ("haproxy has no backend \"%s\""):format(name) end
      wanted[#wanted + 1] = by_name[name]
    end
    if #opt.backends == 0 then
      for _, backend in ipairs(list) do
        if backend.count > 0 then wanted[#wanted + 1] = backend end
      end
      if #wanted == 0 then return false, "haproxy has no backend with a server" end
    end
    local troubles = {}
    for _, backend in ipairs(wanted) do
      if backend.up < opt.min_up then
        troubles[#troubles + 1] = ("backend %s has %d of %d servers up, needs %d%s"):format(
          backend.name, backend.up, backend.count, opt.min_up, listed(backend.ill))
      end
    end
    if #troubles > 0 then return false, table.concat(troubles, "; ") end
    return true
  end,
}
