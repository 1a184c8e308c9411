--- Mycat liveness without credentials: is its JVM there, and does it still greet?
--
-- keepalived.conf:
--
--   lua_plugin mycat {
--       host 127.0.0.1                  # where Mycat listens (an IP address or localhost)
--       port 8066                       # its SQL port; 9066, the manager, greets the same way
--       home /usr/local/mycat           # only the JVM of this installation; needed when a host has several
--   }
--   vrrp_instance VI_1 {
--       ...
--       track_lua {
--           mycat.process
--           mycat.greeting
--       }
--   }
--
-- mycat.process: the JVM, found by an argument that is exactly the main class. `mycat status`, the pid file and pidof
-- see only the wrapper around it, which stays there for two minutes while the JVM hangs. The kernel tells the end of
-- the JVM at once, so one failure is enough. A JVM that was stopped (SIGSTOP) has failed too.
--
-- mycat.greeting: connects, reads the greeting, and says goodbye with the protocol's own COM_QUIT. A connect alone
-- proves nothing: the kernel accepts for a JVM that is frozen, collects garbage, or is out of buffers. No login, so no
-- password and no line in Mycat's log; no RST, which on 1.6 leaks a buffer for each probe. Pauses for garbage
-- collection of a second or two are normal, hence three failures in a row.
--
-- Both checks carry no weight: while one is down the node is in FAULT.

local halua = require "halua"

local opt = halua.options {
  host = "127.0.0.1",
  port = 8066,
  main_class = { "io.mycat.MycatStartup", "org.opencloudb.MycatStartup" },
  home = "",
}

local address = opt.host .. ":" .. opt.port

-- The JVM ---------------------------------------------------------------------------------------------------------

local jvm = halua.process.watch { cmdline = opt.main_class }

-- What was seen last, to tell "has ended" from "was never there".
local last

--- Whether the process belongs to the installation in `home`: by its -DMYCAT_HOME, which the wrapper sets to ".", so
-- that it stands for the directory the JVM runs in.
local function is_ours(status)
  if opt.home == "" then return true end
  local home = status.cwd
  for _, argument in ipairs(status.arguments) do
    local given = argument:match("^%-DMYCAT_HOME=(.*)$")
    if given and given ~= "." then home = given end
  end
  return home ~= nil and home:gsub("/+$", "") == (opt.home:gsub("/+$", ""))
end

local function why_gone()
  if not last then
    return "no process runs " .. table.concat(opt.main_class, " or ")
  end
  local ended = ("the JVM (process %d) has ended"):format(last.pid)
  local status = halua.process.status(last.pid)
  local is_uncollected = status and status.started == last.started and status.state == "zombie"
  -- Parent 0 is outside of what this host sees: there is nothing to say about it.
  if not is_uncollected or status.parent == 0 then return ended end
  return ("%s, and its parent %d has not collected it"):format(ended, status.parent)
end

halua.check {
  name = "process",
  interval = "1s", fall = 1, rise = 2,
  wake_on = jvm,
  run = function()
    local stopped
    for _, pid in ipairs(jvm:pids()) do
      local status = halua.process.status(pid)
      if status and status.state ~= "zombie" and is_ours(status) then
        last = status
        if status.state ~= "stopped" and status.state ~= "traced" then return true end
        stopped = status
      end
    end
    if stopped then
      return false, ("the JVM (process %d) is %s: it runs no instruction until it is continued"):format(
        stopped.pid, stopped.state)
    end
    return false, why_gone()
  end,
}

-- The greeting ----------------------------------------------------------------------------------------------------

-- A packet of one octet, COM_QUIT: Mycat closes at once and logs nothing.
local COM_QUIT = string.char(1, 0, 0, 0, 1)
-- A greeting has some hundred octets; what announces more is no MySQL server.
local LONGEST_GREETING = 1024
-- How long one unanswered connection is waited for before a new one is tried. Each abandoned one would hold a place
-- in Mycat's accept queue for as long as it hangs, and a full queue makes even connecting fail.
local PATIENCE = 30

-- The connection that was accepted and has not been greeted yet, and since when.
local silent

--- Says in the operator's words why there is no greeting. `sent`: what had arrived.
local function why_no_greeting(err, sent, since)
  if err.kind == "timeout" then
    return ("%s accepts connections but sent no greeting for %.1f s: JVM frozen, or collecting garbage?"):format(
      address, halua.now() - since)
  elseif err.kind == "closed" and #sent == 0 then
    return address .. " accepts connections and closes them without a greeting: "
      .. "Mycat is out of network buffers and needs a restart"
  elseif err.kind == "closed" then
    return address .. " closed the connection in the middle of the greeting"
  end
  return tostring(err)
end

--- What the first packet says about the server: true for a Mycat, else false and the reason.
local function judge(greeting)
  local protocol = greeting:byte(1)
  if protocol == 0xff then
    return false, ("%s refuses service: %s"):format(address, greeting:sub(4))
  elseif protocol ~= 10 then
    return false, ("%s is no Mycat: it speaks version %d of the MySQL protocol"):format(address, protocol)
  end
  local version = greeting:match("^\10([^\0]*)\0")
  if not version then
    return false, address .. " is no Mycat: its greeting has no version"
  elseif not version:find("-mycat-", 1, true) then
    return false, ("%s is no Mycat: the server calls itself \"%s\""):format(address, version)
  end
  return true
end

local function connect(limit)
  local connection, err = halua.tcp.connect { host = opt.host, port = opt.port, timeout = limit }
  if connection then return { connection = connection, since = halua.now() } end
  if err.kind == "refused" then
    return nil, address .. " refuses connections: nothing listens there"
  elseif err.kind == "timeout" then
    return nil, address .. " does not accept connections: its queue is full, or packets are lost"
  end
  return nil, tostring(err)
end

halua.check {
  name = "greeting",
  interval = "1s", timeout = "1s", fall = 3, rise = 2,
  run = function(ctx)
    -- A little less than what is left, so that the reason is told here and not by the deadline.
    local function limit() return math.max(0.01, (ctx.deadline - halua.now()) * 0.8) end

    local probe = silent
    silent = nil
    if not probe then
      local refusal
      probe, refusal = connect(limit())
      if not probe then return false, refusal end
    end
    local _ <close> = setmetatable({}, {
      __close = function()
        if probe ~= silent then probe.connection:close() end
      end,
    })
    local header, err, sent = probe.connection:receive(4, limit())
    if not header then
      local reason = why_no_greeting(err, sent or "", probe.since)
      if err.kind == "timeout" and halua.now() - probe.since < PATIENCE then silent = probe end
      return false, reason
    end
    local length, sequence = string.unpack("<I3 B", header)
    if sequence ~= 0 or length == 0 or length > LONGEST_GREETING then
      return false, ("%s is no Mycat: it begins with %q"):format(address, header)
    end
    local greeting
    greeting, err, sent = probe.connection:receive(length, limit())
    if not greeting then return false, why_no_greeting(err, sent or header, probe.since) end
    -- The protocol's own end: the answer to it is that Mycat closes. Nothing is proved by that any more.
    if probe.connection:send(COM_QUIT, limit()) then probe.connection:receive("*a", limit()) end
    return judge(greeting)
  end,
}
