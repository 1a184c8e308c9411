--- A TCP service: it accepts connections and, if wanted, says what it must say.
--
-- halua.conf:
--
--   lua_plugin tcp as redis {           # load it as often as needed, each time under another name
--       port 6379
--       host 127.0.0.1                  # a name or an IP address
--       send "PING\r\n"                 # said first; without it the plugin only listens
--       expect "+PONG"                  # must come, within the first 4096 octets; without it, connecting is enough
--       quit "QUIT\r\n"                 # said at the end, for services that log whoever leaves without a word
--       source 192.0.2.1                # the own address to connect from
--       tls on                          # speak TLS: the certificate must be good, and be for the host
--       server_name redis.example.org   # … or for this name
--       ca /etc/ssl/our-ca.pem          # … and be signed by one of these instead of the system's
--       verify off                      # … or believe anybody
--   }
--   vrrp_instance VI_1 {
--       ...
--       track_lua {
--           redis.connect
--       }
--   }
--
-- redis.connect: a connect alone proves little, because the kernel accepts for a program that is frozen. Whoever can
-- should set `expect`: what a service says, it says itself.
--
-- Every 2 seconds, for 1 second at most; three failures in a row put the node into FAULT, two successes take it out.
-- `interval`, `timeout`, `fall`, `rise` and `weight` in track_lua change that.

local halua = require "halua"

local opt = halua.options {
  host = "127.0.0.1",
  port = halua.required "integer",
  send = "",
  expect = "",
  quit = "",
  source = halua.optional "address",
  tls = false,
  server_name = halua.optional "host",
  ca = halua.optional "path",
  verify = true,
}

-- How much of an answer is searched.
local LONGEST_ANSWER = 4096

if opt.port < 1 or opt.port > 65535 then
  halua.refuse("port", "a port is a number from 1 to 65535, not " .. opt.port)
end
if #opt.expect > LONGEST_ANSWER then halua.refuse("expect", "at most 4096 octets can be expected") end
for _, name in ipairs { "server_name", "ca" } do
  if opt[name] and not opt.tls then halua.refuse(name, "has a meaning only with \"tls on\"") end
end
if not opt.verify and not opt.tls then halua.refuse("verify", "has a meaning only with \"tls on\"") end
if not opt.verify and opt.ca then halua.refuse("ca", "has no meaning with \"verify off\", which believes anybody") end

local address = (opt.host:find(":", 1, true) and "[%s]:%d" or "%s:%d"):format(opt.host, opt.port)

local tls = opt.tls and { server_name = opt.server_name, ca = opt.ca, verify = opt.verify } or false

--- Says in the operator's words why there is no connection.
local function why_no_connection(err, limit)
  if err.kind == "refused" then
    return address .. " refuses connections: nothing listens there"
  elseif err.kind == "timeout" then
    return ("%s gave no connection within %.1f s: host down, packets lost, or its accept queue is full%s"):format(
      address, limit, opt.tls and ", or it does not speak TLS" or "")
  elseif err.kind == "unreachable" then
    return address .. " cannot be reached: there is no way there"
  elseif err.kind == "dns" then
    return ("%s: the name is not known, or no name server answers"):format(address)
  elseif err.kind == "auth" then
    return ("the certificate of %s is not believed: %s"):format(
      address, err.message:gsub("^TLS with .-: ", ""))
  elseif err.kind == "closed" or err.kind == "reset" then
    return ("%s accepts the connection and breaks it off at once%s"):format(
      address, opt.tls and ": does it speak TLS?" or "")
  elseif err.kind == "protocol" then
    return ("%s does not speak TLS as it should: %s"):format(address, err.message:gsub("^TLS with .-: ", ""))
  end
  return err.message
end

--- An answer for a line of the log: short and printable.
local function shown(answer)
  return '"' .. answer:sub(1, 60):gsub("[^\32-\126]", ".") .. (#answer > 60 and "…" or "") .. '"'
end

--- Why the answer did not come. `answer`: what had come.
local function why_no_answer(err, answer, began)
  local said = answer == "" and "nothing" or "only " .. shown(answer)
  if err.kind == "timeout" then
    return ("%s accepts connections and said %s for %.1f s: is the program frozen?"):format(
      address, said, halua.now() - began)
  elseif err.kind == "closed" or err.kind == "reset" then
    return ("%s accepted the connection, said %s, and %s it"):format(
      address, said, err.kind == "reset" and "reset" or "closed")
  end
  return err.message
end

--- Reads until the expected text has come, octet by octet: it need not end a line.
local function await(connection, limit)
  local began, tail, head = halua.now(), "", ""
  for _ = 1, LONGEST_ANSWER do
    local left = limit - (halua.now() - began)
    -- Whoever sends an octet now and then, for ever, is too slow as well.
    if left <= 0 then return false, why_no_answer({ kind = "timeout" }, head, began) end
    local octet, err = connection:receive(1, math.max(0.001, left))
    if not octet then return false, why_no_answer(err, head, began) end
    tail = (tail .. octet):sub(-#opt.expect)
    if #head <= 60 then head = head .. octet end
    if tail == opt.expect then return true end
  end
  return false, ("%s says %s and not %s"):format(address, shown(head), shown(opt.expect))
end

halua.check {
  name = "connect",
  interval = "2s", timeout = "1s", fall = 3, rise = 2,
  run = function(ctx)
    -- A little less than what is left, so that the reason is told here and not by the deadline.
    local function limit() return math.max(0.01, (ctx.deadline - halua.now()) * 0.9) end

    local patience = limit()
    local connection <close>, err = halua.tcp.connect {
      host = opt.host, port = opt.port, timeout = patience, source = opt.source, tls = tls,
    }
    if not connection then return false, why_no_connection(err, patience) end
    if opt.send ~= "" then
      local began = halua.now()
      local sent, problem = connection:send(opt.send, limit())
      if not sent then return false, why_no_answer(problem, "", began) end
    end
    local is_well, reason = true, nil
    if opt.expect ~= "" then is_well, reason = await(connection, limit()) end
    -- The goodbye proves nothing: what comes of it does not matter.
    if is_well and opt.quit ~= "" and connection:send(opt.quit, limit()) then connection:receive("*a", limit()) end
    return is_well, reason
  end,
}
