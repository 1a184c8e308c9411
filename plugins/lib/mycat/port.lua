--- One port of Mycat: connects, reads the greeting, and leaves by the protocol's own goodbye.
--
-- No login, so no password and no line in Mycat's log. No RST either, which on 1.6 leaks a buffer of the pool for each
-- probe until Mycat closes every connection for ever.

local halua = require "halua"

-- A packet of one octet, COM_QUIT: Mycat closes at once and logs nothing.
local COM_QUIT = string.char(1, 0, 0, 0, 1)
-- A greeting has some hundred octets; what announces more is no MySQL server.
local LONGEST_GREETING = 1024
-- How long one unanswered connection is waited for before a new one is tried. Each abandoned one would hold a place
-- in Mycat's accept queue for as long as it hangs, and a full queue makes even connecting fail.
local PATIENCE = 30

local Port = {}
Port.__index = Port

--- A port. `limit`: a silence shorter than this is a pause of the JVM and proves nothing.
function Port.new(host, port, limit)
  return setmetatable({
    host = host, port = port, limit = limit, address = host .. ":" .. port,
    -- The connection that was accepted and has not been greeted yet.
    waiting = nil,
    -- Since when nobody has been greeted here.
    silent_since = nil,
  }, Port)
end

--- What the first packet says about the server: nil for a Mycat, else what is wrong.
local function judge(address, greeting)
  local protocol = greeting:byte(1)
  if protocol == 0xff then
    return ("%s refuses service: %s"):format(address, greeting:sub(4))
  elseif protocol ~= 10 then
    return ("%s is no Mycat: it speaks version %d of the MySQL protocol"):format(address, protocol)
  end
  local version = greeting:match("^\10([^\0]*)\0")
  if not version then
    return address .. " is no Mycat: its greeting has no version"
  elseif not version:find("-mycat-", 1, true) then
    return ("%s is no Mycat: the server calls itself \"%s\""):format(address, version)
  end
end

local function why_not_connected(address, err)
  if err.kind == "refused" then
    return address .. " refuses connections: nothing listens there"
  elseif err.kind == "timeout" then
    return address .. " does not accept connections: its queue is full, or packets are lost"
  elseif err.kind == "closed" or err.kind == "reset" then
    return address .. " accepts connections and breaks them off at once"
  end
  return err.message
end

function Port:connect(limit)
  local connection, err = halua.tcp.connect { host = self.host, port = self.port, timeout = limit }
  if not connection then return nil, why_not_connected(self.address, err) end
  local since = halua.now()
  self.silent_since = self.silent_since or since
  return { connection = connection, since = since }
end

--- Waits for the next octets. Returns them, or nil, the kind of the end and its reason.
function Port:read(probe, count, limit, before)
  local octets, err, sent = probe.connection:receive(count, limit)
  if octets then return octets end
  sent = before .. (sent or "")
  if err.kind == "timeout" then
    return nil, "silent", ("%s accepts connections but sent no greeting for %.1f s"):format(
      self.address, halua.now() - self.silent_since)
  elseif err.kind == "closed" and #sent == 0 then
    return nil, "empty", self.address .. " accepts connections and closes them without a greeting: "
      .. "Mycat is out of network buffers and needs a restart"
  elseif err.kind == "closed" then
    return nil, "broken", self.address .. " closed the connection in the middle of the greeting"
  elseif err.kind == "reset" then
    return nil, "broken", self.address .. " reset the connection before the end of the greeting"
  end
  return nil, "broken", err.message
end

--- Asks once. Returns "ok"; or "silent" and a reason, when nothing has come yet; or "failed" and a reason.
function Port:probe(deadline)
  -- A little less than what is left, so that the reason is told here and not by the deadline.
  local function left() return math.max(0.01, (deadline - halua.now()) * 0.8) end

  local probe = self.waiting
  self.waiting = nil
  if not probe then
    local refusal
    probe, refusal = self:connect(left())
    if not probe then
      self.silent_since = nil
      return "failed", refusal
    end
  end
  local guard <close> = setmetatable({}, { -- luacheck: ignore guard
    __close = function()
      if probe ~= self.waiting then probe.connection:close() end
    end,
  })

  -- Up to the moment in which a pause becomes a failure; after that time is left to find out why.
  local until_verdict = self.limit - (halua.now() - self.silent_since)
  local patience = left()
  if until_verdict < patience then patience = math.min(patience, math.max(0.1, until_verdict)) end

  local header, kind, reason = self:read(probe, 4, patience, "")
  if not header then
    if kind == "silent" then
      -- What waits has been sent nothing and sends nothing: its end is a plain FIN.
      if halua.now() - probe.since < PATIENCE then self.waiting = probe end
      return "silent", reason
    end
    self.silent_since = nil
    return "failed", reason
  end
  local length, sequence = string.unpack("<I3 B", header)
  if sequence ~= 0 or length == 0 or length > LONGEST_GREETING then
    self.silent_since = nil
    return "failed", ("%s is no Mycat: it begins with %q"):format(self.address, header)
  end
  local greeting
  greeting, kind, reason = self:read(probe, length, left(), header)
  self.silent_since = nil
  if not greeting then
    -- What has begun to greet and then stops is no pause.
    if kind == "silent" then reason = self.address .. " stopped in the middle of the greeting" end
    return "failed", reason
  end
  -- The protocol's own end: the answer to it is that Mycat closes. Nothing is proved by that any more.
  if probe.connection:send(COM_QUIT, left()) then probe.connection:receive("*a", left()) end
  reason = judge(self.address, greeting)
  if reason then return "failed", reason end
  return "ok"
end

--- For how long nobody has been greeted; 0 when the last one was.
function Port:silence()
  return self.silent_since and halua.now() - self.silent_since or 0
end

return Port
