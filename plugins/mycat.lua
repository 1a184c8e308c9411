--- Mycat liveness, level by level: the JVM, its ports, its manager, its backends, a query.
--
-- keepalived.conf, without any password:
--
--   lua_plugin mycat {
--       host 127.0.0.1                  # where Mycat listens (an IP address or localhost)
--       port 8066                       # its SQL port
--       home /usr/local/mycat           # only the JVM of this installation; needed when a host has several
--   }
--   vrrp_instance VI_1 {
--       ...
--       track_lua {
--           mycat.process
--           mycat.greeting
--       }
--       promotion_gate mycat.ready      # if wanted: no address before Mycat can serve
--   }
--
-- With a login to the manager, and a schema, there are three checks more:
--
--   lua_plugin mycat {
--       home /usr/local/mycat
--       user root                       # any login to the manager may do everything there:
--       password_file /etc/halua/mycat  # keep the file root's own (the first line counts), and the host loopback
--       schema TESTDB                   # for mycat.query
--       query "select id from company limit 1"
--   }
--   ... track_lua { mycat.process  mycat.greeting  mycat.manager  mycat.backends  mycat.query }
--
-- mycat.process (FAULT): the JVM, found by an argument that is exactly the main class. `mycat status`, the pid file
-- and pidof see only the wrapper around it, which stays there for two minutes while the JVM hangs. The kernel tells
-- the end of the JVM at once, so one failure is enough. The reason says whether the wrapper starts it anew; with
-- `restart_grace 10s` it is given that time. A JVM that was stopped (SIGSTOP) has failed too.
--
-- mycat.greeting (FAULT): connects, reads the greeting, and says goodbye with the protocol's own COM_QUIT. A connect
-- alone proves nothing: the kernel accepts for a JVM that is frozen, collects garbage, or is out of buffers. Silence is
-- a failure once it has lasted `pause` (3 s; pauses for garbage collection of a second or two are normal), everything
-- else when `failures` of the last `window` probes failed (3 of 5). `greeting_timeout` (1 s) is the time of one probe.
-- One of several reactors stuck makes only some connections hang: the one that hangs is waited for. The reason names
-- what the kernel and the manager's port tell: stopped, out of file descriptors, collecting garbage, an acceptor or a
-- reactor stuck, everything frozen.
--
-- mycat.manager (FAULT): a login that is kept; PING, a statement, and Mycat's own clock, which stands still when its
-- timers are dead. Wrong credentials are said in the log and are no failure: Mycat lives. `offline` at the manager is
-- the operator's wish to drain this node: its priority drops to 1, so that a living peer takes over; with `peers` it
-- gives the address up as soon as one of them greets, which works with nopreempt, too.
--
-- mycat.backends (weight -5): how many data nodes have a write host whose heartbeat is well. All nodes see the same
-- backends, so each loses the same priority and the address stays where it is: `datanode_weight` for every lost data
-- node, down to `datanode_floor`. The table says OK for long after a backend has died (for ever, when Mycat's timers
-- are dead): a check that hangs, retries, and results older than `stale` count as lost. `min_datanodes` data nodes
-- must be left, or the node is in FAULT; 0: never. Both apply to `instance`, by default every one.
--
-- mycat.query (weight -20): one statement through the schema, and only while every backend is well: on 1.6 a query to
-- a backend that is not can hang a reactor. Choose a statement that names a shard; `select 1` goes to a random data
-- node on 1.5 and 1.6, and nowhere on 1.6.7. A statement that hangs although every backend is well is this Mycat's own
-- fault. Where the instance preempts, the weight lets a better node take the address. With `nopreempt` a weight moves
-- nothing, so a MASTER hands over: it is in FAULT for ten seconds, which is enough for another node to take the address
-- and short enough to take it back when there is none. If its statements hang when it is MASTER again, the others were
-- no better: it keeps the address for five minutes before it tries anew. A statement that is refused is told by the
-- weight alone, because the backends refuse it on the other nodes, too.
--
-- mycat.ready (gate): a JVM of at least `ready_age` that greets and, with a login, has checked all backends once. The
-- ports are open long before. A JVM older than `ready_limit` need not have them all.
--
-- After a second failure within ten minutes each of these checks but the backends' stays down for `hold_down` (10 s),
-- then for twice as long each time, up to five minutes. The levels that put the node into FAULT forgive nothing before
-- their first success. With `peers { 192.168.4.195 }` (their SQL port, or address:port)
-- they never give up the address of a MASTER when no peer greets: nobody would serve it better. The log says so.
--
-- Interval, timeout, rise, fall and weight of each check: in track_lua, as for every check. `fall` counts verdicts, for
-- which failures have been counted here already.

local halua = require "halua"
local HandOver = require "mycat.handover"
local Heartbeats = require "mycat.heartbeats"
local JVM = require "mycat.jvm"
local Manager = require "mycat.manager"
local Port = require "mycat.port"
local Verdict = require "mycat.verdict"

local opt = halua.options {
  host = "127.0.0.1",
  port = 8066,
  manager_port = 9066,
  main_class = { "io.mycat.MycatStartup", "org.opencloudb.MycatStartup" },
  home = halua.optional "path",
  restart_grace = "0s",

  greeting_timeout = "1s",
  pause = "3s",
  failures = 3,
  window = 5,
  hold_down = "10s",
  peers = {},

  user = "",
  password = "",
  password_file = halua.optional "path",
  schema = "",
  query = "select 1",
  query_timeout = "2s",

  instance = halua.ANY,
  datanode_weight = -5,
  datanode_floor = -40,
  min_datanodes = 0,
  stale = "25s",
  overload_weight = -10,

  ready_age = "10s",
  ready_limit = "120s",
}

local seconds = halua.seconds

for _, name in ipairs { "port", "manager_port" } do
  if opt[name] < 1 or opt[name] > 65535 then halua.refuse(name, "takes 1 to 65535, not " .. opt[name]) end
end
for _, class in ipairs(opt.main_class) do
  if class == "" then halua.refuse("main_class", "takes the name of a class") end
end
if opt.window < 1 or opt.window > 100 then halua.refuse("window", "takes 1 to 100, not " .. opt.window) end
if opt.failures < 1 or opt.failures > opt.window then
  halua.refuse("failures", ("takes 1 to window, which is %d"):format(opt.window))
end
if opt.user == "" then
  for _, name in ipairs { "password", "password_file", "schema" } do
    if opt[name] and opt[name] ~= "" then halua.refuse(name, "has a meaning only with a \"user\" of the manager") end
  end
end
if opt.password ~= "" and opt.password_file then
  halua.refuse("password_file", "has no meaning together with \"password\"")
end
if opt.query == "" then halua.refuse("query", "must be a statement") end
if opt.datanode_weight >= 0 or opt.datanode_weight < -253 then
  halua.refuse("datanode_weight", "takes -253 to -1, not " .. opt.datanode_weight)
end
if opt.overload_weight > 0 or opt.overload_weight < -253 then
  halua.refuse("overload_weight", "takes -253 to 0, not " .. opt.overload_weight)
end
if opt.min_datanodes < 0 then halua.refuse("min_datanodes", "takes 0 or more, not " .. opt.min_datanodes) end
if opt.datanode_floor > opt.datanode_weight or opt.datanode_floor < -253 then
  halua.refuse("datanode_floor", "takes -253 to datanode_weight, which is " .. opt.datanode_weight)
end
for _, name in ipairs { "pause", "greeting_timeout", "query_timeout", "stale" } do
  if seconds(opt[name]) <= 0 then halua.refuse(name, "takes a time above 0") end
end
if seconds(opt.ready_limit) < seconds(opt.ready_age) then
  halua.refuse("ready_limit", "must not be shorter than ready_age, which is " .. opt.ready_age)
end

local pause = seconds(opt.pause)
local jvm = JVM.new(opt.main_class, opt.home)
local sql_port = Port.new(opt.host, opt.port, pause)
local manager_port = Port.new(opt.host, opt.manager_port, pause)

-- Other nodes -----------------------------------------------------------------------------------------------------

--- "192.0.2.2", "db2:8066", "[2001:db8::2]:8066" → host and port.
local function parse_peer(word)
  local host, number = word:match("^%[?([^%]]-)%]?:(%d+)$")
  if not host or host:find(":", 1, true) and word:sub(1, 1) ~= "[" then host, number = word, nil end
  local port = number and math.tointeger(number) or opt.port
  if not host:find("^[\33-\126]+$") or host:find("[%[%]]") or port < 1 or port > 65535 then
    halua.refuse("peers", ("takes hosts such as 192.0.2.2 or 192.0.2.2:8066, not \"%s\""):format(word))
  end
  return { host = host, port = port }
end

local peers = {}
for _, word in ipairs(opt.peers) do peers[#peers + 1] = parse_peer(word) end

-- How long a peer is asked: on a network that works it greets within some milliseconds.
local PEER_LIMIT = 0.5

--- Whether a peer's Mycat greets.
local function has_healthy_peer()
  local questions = {}
  for _, peer in ipairs(peers) do
    table.insert(questions, function()
      local port = Port.new(peer.host, peer.port, PEER_LIMIT)
      local state = port:probe(halua.now() + PEER_LIMIT)
      if port.waiting then port.waiting.connection:close() end
      return state == "ok"
    end)
  end
  return halua.any(questions) == true
end

--- Whether it would help to give the address up: always, unless this node has it and no peer could serve it.
local function has_substitute()
  if #opt.peers == 0 then return true end
  for _, vi in ipairs(halua.instances()) do
    if vi.state == "MASTER" then return has_healthy_peer() end
  end
  return true
end

local function verdict(name, failures, substitute)
  return Verdict.new("mycat." .. name, {
    failures = failures, window = opt.window, hold_down = seconds(opt.hold_down), has_substitute = substitute,
  })
end

-- The JVM ---------------------------------------------------------------------------------------------------------

local process = verdict("process", 1, has_substitute)
local restart_grace = seconds(opt.restart_grace)
-- Since when the wrapper is given time.
local gone_since
local has_told_several = false

halua.check {
  name = "process",
  interval = "1s", timeout = "3s", fall = 1, rise = 2,
  wake_on = jvm.watch,
  run = function()
    local status, count = jvm:look()
    if count > 1 and not has_told_several then
      has_told_several = true
      halua.log.warn(("%d JVMs of Mycat run here: set `home` to say which one is meant"):format(count))
    end
    if not status then
      local reason = jvm:why_gone()
      gone_since = gone_since or halua.now()
      if jvm.last and halua.now() - gone_since < restart_grace and jvm:wrapper() then
        return process:undecided(reason)
      end
      return process:failed(reason, true)
    end
    gone_since = nil
    if status.state == "stopped" or status.state == "traced" then
      return process:failed(("the JVM (process %d) is %s: it runs no instruction until it is continued"):format(
        status.pid, status.state), true)
    end
    return process:passed()
  end,
}

-- The greeting ----------------------------------------------------------------------------------------------------

local greeting = verdict("greeting", opt.failures, has_substitute)

-- How long the manager's port is given to greet, when all that matters is whether it does where the SQL port does not.
local MANAGER_LIMIT = 0.2

--- Says in the operator's words what is wrong with a Mycat that accepts and does not greet.
local function why_silent(reason, deadline)
  local words, load = jvm:why_silent()
  if words then return reason .. ": " .. words end
  local queue = JVM.queue(opt.port)
  if queue and queue > 0 then reason = ("%s, %d wait to be accepted"):format(reason, queue) end
  -- The manager's port has an acceptor of its own, and the same reactors.
  local limit = math.min(MANAGER_LIMIT, (deadline - halua.now()) * 0.5)
  local state = manager_port:probe(halua.now() + math.max(0.02, limit))
  if state == "ok" and queue and queue > 0 then
    return ("%s: %s greets, so the acceptor of the SQL port is stuck"):format(reason, manager_port.address)
  elseif state == "ok" then
    return ("%s: %s greets, so the acceptor of the SQL port or one of the reactors is stuck"):format(
      reason, manager_port.address)
  elseif state == "silent" and queue == 0 then
    return ("%s, nor does %s: the JVM accepts, but its reactors are stuck, or it collects garbage"):format(
      reason, manager_port.address)
  elseif state == "silent" and queue and load and load < 0.05 then
    return ("%s, nor does %s: the JVM computes nothing, it is frozen"):format(reason, manager_port.address)
  end
  return reason .. ": JVM frozen, or collecting garbage?"
end

halua.check {
  name = "greeting",
  -- The run's own timeout is for what should not be: it would be a verdict without k of n, hold-down and peers.
  interval = "1s", timeout = "3s", fall = 1, rise = 2,
  run = function(ctx)
    local deadline = math.min(ctx.deadline, halua.now() + seconds(opt.greeting_timeout))
    local state, reason = sql_port:probe(deadline)
    if state ~= "silent" then jvm:end_sample() end
    if state == "ok" then return greeting:passed() end
    if state == "failed" then return greeting:failed(reason) end
    jvm:begin_sample()
    if sql_port:silence() < pause then return greeting:undecided(reason) end
    return greeting:failed(why_silent(reason, deadline), true)
  end,
}

-- Ready -----------------------------------------------------------------------------------------------------------

local manager = opt.user ~= "" and Manager.new({
  host = opt.host, port = opt.manager_port, user = opt.user, password = opt.password,
  password_file = opt.password_file,
}, pause)
local heartbeats = Heartbeats.new(seconds(opt.stale))
-- The last judgement over the backends, with the time `at` which it was made.
local backends

--- Asks how the backends are. Returns the judgement, or nil and the error.
local function judge_backends(deadline)
  -- Two checks and the gate want to know: not each has to ask.
  if backends and halua.now() - backends.at < 1 then return backends end
  local answers, err = manager:ask(deadline, { "show @@heartbeat", "show @@datasource" })
  if not answers then return nil, err end
  backends = heartbeats:judge(answers[1], answers[2], halua.now())
  return backends
end

halua.gate.promote {
  name = "ready", timeout = "1s",
  run = function(ctx)
    local age = jvm:age()
    if age and age < seconds(opt.ready_age) then
      return false, ("the JVM was started %.0f s ago: it gets %.0f s"):format(age, seconds(opt.ready_age))
    end
    local state, reason = Port.new(opt.host, opt.port, pause):probe(halua.now() + (ctx.deadline - halua.now()) * 0.5)
    if state ~= "ok" then return false, reason end
    if not manager or age and age >= seconds(opt.ready_limit) then return true end
    local judgement, err = judge_backends(ctx.deadline)
    if not judgement then
      if Manager.meaning(err) == "configuration" then return true end
      return false, "the manager does not say how the backends are: " .. manager:why(err)
    elseif judgement.unknown > 0 then
      return false, ("%d backends have not been checked by Mycat yet"):format(judgement.unknown)
    end
    return true
  end,
}

if not manager then return end

-- The manager -----------------------------------------------------------------------------------------------------

local management = verdict("manager", opt.failures, has_substitute)
-- Mycat's own clock, since when it shows the same, and how often that was seen.
local clock = { shown = nil, since = 0, seen = 0 }
-- What was said of each check that cannot log in.
local told = {}

--- Says once that the check cannot log in. Mycat lives: no node is given up for that.
local function tell_misconfigured(check, err)
  local text = tostring(err)
  if told[check] == text then return end
  told[check] = text
  halua.log.error(("mycat.%s is misconfigured and says nothing about Mycat: %s"):format(check, text))
end

--- Asks of every instance.
local function ask_instances(run)
  for _, vi in ipairs(halua.instances(opt.instance)) do run(vi) end
end

-- The requests stand a little longer than the interval of the check that repeats them, should it be taken away.
local REQUEST = "60s"
local is_drained = false

--- `offline` and `online` at the manager: whether this node is to hand over.
local function drain(is_wanted)
  if not is_wanted and not is_drained then return end
  if is_wanted ~= is_drained then
    halua.log.warn(is_wanted and "Mycat was set offline at its manager: handing over" or "Mycat is online again")
  end
  is_drained = is_wanted
  local has_peer = is_wanted and #opt.peers > 0 and has_healthy_peer()
  ask_instances(function(vi)
    vi:adjust_priority("drain", is_wanted and -253 or 0, "Mycat was set offline at its manager", REQUEST)
    if has_peer then
      vi:demote("drain", "Mycat was set offline at its manager, and another node can serve", REQUEST)
    else
      vi:restore("drain")
    end
  end)
end

local is_overloaded = false
local function overload(is_so, reason)
  if not is_so and not is_overloaded then return end
  is_overloaded = is_so
  ask_instances(function(vi)
    vi:adjust_priority("overload", is_so and opt.overload_weight or 0, reason or "no overload", REQUEST)
  end)
end

--- Judges Mycat's clock, which its timer threads move every 20 ms. Returns why they are dead, or nil.
local function judge_clock(timestamp)
  local now = halua.now()
  if clock.shown ~= timestamp then
    clock = { shown = timestamp, since = now, seen = 0 }
    return nil
  end
  clock.seen = clock.seen + 1
  if clock.seen >= 3 and now - clock.since >= pause then
    return ("Mycat's own clock has stood still for %.1f s: its timers are dead, so it checks no backend any more")
      :format(now - clock.since)
  end
end

halua.check {
  name = "manager",
  interval = "1s", timeout = (5 * pause + 1) .. "s", fall = 1, rise = 2,
  run = function(ctx)
    local answers, err, stage = manager:ask(ctx.deadline, { "show @@server", "show @@time.current" })
    if answers then
      told.manager = nil
      overload(false)
      local server, current = answers[1][1] or {}, answers[2][1] or {}
      drain(server.STATUS == "OFF")
      local reason = judge_clock(current.TIMESTAMP)
      if reason then return management:failed(reason, true) end
      return management:passed()
    end
    local meaning = Manager.meaning(err)
    if meaning == "configuration" then
      tell_misconfigured("manager", err)
      return management:passed()
    elseif meaning == "overload" then
      overload(true, manager.address .. " has no connection left for this user: overload")
      return management:passed()
    elseif meaning == "silent" then
      local words = jvm:why_silent()
      if not words and stage == "query" then
        words = "it answers PING, but runs no statement: its pool of threads is stuck"
      elseif not words and stage == "ping" then
        words = "the reactor of this connection is stuck, or the JVM is"
      end
      return management:failed(("the manager %s does not answer%s"):format(
        manager.address, words and ": " .. words or " a login: JVM frozen, or collecting garbage?"), true)
    end
    return management:failed("the manager: " .. manager:why(err))
  end,
}

-- The backends ----------------------------------------------------------------------------------------------------

-- The last word of the check, for the time in which nobody can say how the backends are.
local last_ok, last_reason = true, nil

halua.check {
  name = "backends",
  interval = "3s", timeout = (5 * pause + 1) .. "s", fall = 1, rise = 1, weight = opt.datanode_weight,
  run = function(ctx)
    local judgement, err = judge_backends(ctx.deadline)
    if not judgement then
      -- Whether Mycat lives is for the other levels to say.
      if Manager.meaning(err) == "configuration" then tell_misconfigured("backends", err) end
      return last_ok, last_reason
    end
    local lost = #judgement.lost
    local reason = ("%d of %d data nodes have a live write host; lost: %s"):format(
      judgement.alive, judgement.total, table.concat(judgement.lost, "; "))
    -- The weight of the check itself is that of the first one.
    local further = math.max(opt.datanode_floor, opt.datanode_weight * lost) - opt.datanode_weight
    local is_too_few = judgement.total > 0 and judgement.alive < opt.min_datanodes
    ask_instances(function(vi)
      vi:adjust_priority("datanodes", lost > 1 and further or 0, reason, REQUEST)
      if is_too_few then
        vi:demote("datanodes", ("%s; %d must be left"):format(reason, opt.min_datanodes), REQUEST)
      else
        vi:restore("datanodes")
      end
    end)
    last_ok, last_reason = lost == 0, lost > 0 and reason or nil
    return last_ok, last_reason
  end,
}

-- A query through the schema --------------------------------------------------------------------------------------

if opt.schema == "" then return end

local session = Manager.new({
  host = opt.host, port = opt.port, user = opt.user, password = opt.password, password_file = opt.password_file,
  database = opt.schema,
}, seconds(opt.query_timeout))
local querying = verdict("query", opt.failures)
local hand_over = HandOver.new("query", has_substitute)

halua.check {
  name = "query",
  interval = "3s", timeout = (5 * pause + 2 * seconds(opt.query_timeout) + 1) .. "s", fall = 1, rise = 2, weight = -20,
  run = function(ctx)
    local judgement = judge_backends(ctx.deadline)
    -- A statement for a backend that is not well can hang the reactor that serves it.
    if not judgement or not judgement.is_all_well then return querying:undecided(querying.reason) end
    -- Without a PING: a Mycat that was set offline refuses it here, and serves statements.
    local rows, err = session:with(ctx.deadline, function(database, left) return database:query(opt.query, left()) end)
    if rows then
      told.query = nil
      hand_over:forget()
      return querying:passed()
    end
    local meaning, words = Manager.meaning(err), session:why(err)
    if meaning == "silent" then
      local is_well, reason = querying:failed(("%s answers its manager, but no statement in %s: %s"):format(
        sql_port.address, opt.schema, words))
      if not is_well then
        ask_instances(function(vi) hand_over:ask(vi, reason) end)
      end
      return is_well, reason
    -- 1064 is what Mycat says of any statement that failed; the others are about the login and the schema.
    elseif meaning == "configuration" and not err.message:find("error 1064:", 1, true) then
      tell_misconfigured("query", err)
      return querying:passed()
    elseif err.kind == "denied" then
      return querying:failed(("%s refuses the statement in %s: %s"):format(
        sql_port.address, opt.schema, Manager.said(err)))
    end
    return querying:failed(("no answer to the statement in %s: %s"):format(opt.schema, words))
  end,
}
