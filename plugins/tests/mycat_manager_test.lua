--- Tests of the levels of mycat.lua that log in: manager, backends, query. Run them with: halua test plugins/tests

local t = require "halua.test"

local SQL = "127.0.0.1:8066"
local MANAGER = "127.0.0.1:9066"

local conf = [[
lua_plugin mycat {
    user root
    password digdeep
    schema TESTDB
    query "select id from company limit 1"
    peers 192.0.2.7
}
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    priority 100
    virtual_ipaddress {
        192.0.2.1/24
    }
    track_lua {
        mycat.manager
        mycat.backends
        mycat.query
    }
}
]]

--- A Mycat with two write hosts and three data nodes, as 1.6 tells of them.
local function new_mycat()
  local mycat = { status = "ON", queries = 0, logins = 0, is_running = true }
  local function source(name, port)
    return {
      NAME = name, TYPE = "mysql", HOST = "127.0.0.1", PORT = port, RS_CODE = 1, RETRY = 0, STATUS = "idle",
      TIMEOUT = 0, EXECUTE_TIME = "4,2,2", STOP = "false",
    }
  end
  mycat.first, mycat.second = source("hostM1", 13306), source("hostM2", 13307)
  local function node(name, name_of_source, port)
    return { DATANODE = name, NAME = name_of_source, HOST = "127.0.0.1", PORT = port, ["W/R"] = "W" }
  end
  function mycat.manager(statement)
    if mycat.hang_manager then halua.sleep("1h") end
    -- The timers make a heartbeat every ten seconds.
    local round = math.floor(t.now() / 10)
    if statement == "show @@server" then return { { STATUS = mycat.status, UPTIME = "2m 31s 190ms" } } end
    if statement == "show @@time.current" then
      return { { TIMESTAMP = mycat.stands_still or 1795340000000 + math.floor(t.now() * 1000) } }
    end
    if statement == "show @@datasource" then
      return { node("dn1", "hostM1", 13306), node("dn3", "hostM2", 13307), node("dn2", "hostM1", 13306) }
    end
    t.equal(statement, "show @@heartbeat")
    for _, row in ipairs { mycat.first, mycat.second } do
      if not row.is_frozen and not mycat.stands_still then row.LAST_ACTIVE_TIME = "round " .. round end
    end
    return { mycat.second, mycat.first }
  end
  function mycat.sql(statement)
    t.equal(statement, "select id from company limit 1")
    mycat.queries = mycat.queries + 1
    if mycat.hang_query then halua.sleep("1h") end
    if mycat.query_error then return nil, t.error("denied", mycat.query_error) end
    return { { id = 1 } }
  end
  return mycat
end

local function master(text)
  local node = t.node { conf = text or conf, state = "MASTER" }
  local mycat = new_mycat()
  node.net:mysql(MANAGER, mycat.manager)
  node.net:mysql(SQL, mycat.sql)
  node.net:refuse("192.0.2.7:8066")
  node:process { cmdline = { "java", "io.mycat.MycatStartup" } }
  t.advance("10s")
  return node, mycat
end

local function greets(client)
  local body = "\10" .. "5.6.29-mycat-1.6.7.6" .. "\0" .. ("x"):rep(60)
  client:send(string.pack("<I3 B", #body, 0) .. body)
  client:receive(5)
  client:close()
end

t.case("a Mycat that is well in all its levels keeps address and priority", function()
  local node, mycat = master()
  t.advance("15m")
  t.equal(node:instance().state, "MASTER")
  t.equal(node:instance().priority, 100)
  for _, check in ipairs { "manager", "backends", "query" } do
    t.equal(node:check("mycat." .. check).state, "up")
  end
  t.truthy(mycat.queries > 250)
  t.equal(node:log("misconfigured"), {})
end)

t.case("a lost backend costs five of the priority for each data node, and no state", function()
  local node, mycat = master()
  mycat.second.RS_CODE = -1
  t.advance("4s")
  t.equal(node:instance().priority, 95)
  t.equal(node:check("mycat.backends").reason, "2 of 3 data nodes have a live write host; lost: "
    .. "dn3 (hostM2 127.0.0.1:13307: its heartbeat fails (RS_CODE -1))")
  mycat.first.RS_CODE = -2
  t.advance("4s")
  t.equal(node:instance().priority, 85)
  t.contains(node:check("mycat.backends").reason, "0 of 3 data nodes")
  t.equal(node:instance().state, "MASTER")
  mycat.first.RS_CODE, mycat.second.RS_CODE = 1, 1
  t.advance("4s")
  t.equal(node:instance().priority, 100)
  t.equal(node:states(), { "BACKUP", "MASTER" })
end)

t.case("no query is sent through the schema while a backend is not well", function()
  local node, mycat = master()
  mycat.second.RS_CODE = 0
  t.advance("4s")
  local before = mycat.queries
  t.advance("30s")
  t.equal(mycat.queries, before)
  -- Not checked yet is not lost.
  t.equal(node:instance().priority, 100)
end)

t.case("a backend whose heartbeat hangs is lost before Mycat says so", function()
  local node, mycat = master()
  mycat.second.is_frozen, mycat.second.STATUS = true, "checking"
  t.advance("22s")
  t.equal(node:instance().priority, 95)
  t.match(node:check("mycat.backends").reason, "hostM2 127.0.0.1:13307: its heartbeat has had no answer for %d+ s")
end)

t.case("a code 1 that is stale, retried or stopped is no 1", function()
  local node, mycat = master()
  mycat.second.is_frozen = true
  t.advance("40s")
  t.match(node:check("mycat.backends").reason, "its last heartbeat came %d+ s ago")
  mycat.second.is_frozen, mycat.second.RETRY = false, 2
  t.advance("4s")
  t.contains(node:check("mycat.backends").reason, "2 heartbeats have failed so far")
  mycat.second.RETRY, mycat.second.STOP = 0, "true"
  t.advance("4s")
  t.contains(node:check("mycat.backends").reason, "its heartbeat is stopped (stop @@heartbeat)")
end)

t.case("a second write host keeps its data node alive", function()
  local node, mycat = master()
  node.net:mysql(MANAGER, function(statement)
    local rows = mycat.manager(statement)
    if statement == "show @@datasource" then
      table.insert(rows, { DATANODE = "dn3", NAME = "hostM1", HOST = "127.0.0.1", PORT = 13306, ["W/R"] = "W" })
    end
    return rows
  end)
  mycat.second.RS_CODE = -1
  t.advance("10s")
  t.equal(node:check("mycat.backends").state, "up")
end)

t.case("min_datanodes puts the node into FAULT when too few are left", function()
  local node, mycat = master((conf:gsub("user root", "min_datanodes 2\n    user root")))
  mycat.second.RS_CODE = -1
  t.advance("4s")
  t.equal(node:instance().state, "MASTER")
  mycat.first.RS_CODE = -1
  t.advance("4s")
  t.equal(node:instance().state, "FAULT")
  mycat.first.RS_CODE = 1
  t.advance("8s")
  t.equal(node:instance().state, "MASTER")
end)

t.case("a manager that does not answer is a failure after the pause", function()
  local node, mycat = master((conf:gsub("peers 192.0.2.7\n", "")))
  mycat.hang_manager = true
  t.advance("5s")
  t.equal(node:instance().state, "FAULT")
  t.match(node:check("mycat.manager").reason, "it answers PING, but runs no statement: its pool of threads is stuck")
  mycat.hang_manager = false
  t.advance("14s")
  t.equal(node:instance().state, "MASTER")
end)

t.case("Mycat's own clock standing still means that its timers are dead", function()
  local node, mycat = master((conf:gsub("peers 192.0.2.7\n", "")))
  mycat.stands_still = 1795340000000
  t.advance("6s")
  t.equal(node:instance().state, "FAULT")
  t.match(node:check("mycat.manager").reason, "own clock has stood still for %d%.%d s: its timers are dead")
end)

t.case("a login that is refused is the configuration's fault: said once, and no failure", function()
  local node = master()
  node.net:mysql(MANAGER, t.error("auth", "error 1045: Access denied for user 'root' with host '127.0.0.1'"))
  t.advance("20m")
  t.equal(node:instance().state, "MASTER")
  t.equal(node:instance().priority, 100)
  t.equal(#node:log("mycat%.manager is misconfigured and says nothing about Mycat"), 1)
end)

t.case("a user without a connection left is overload, and costs priority", function()
  local node = master()
  node.net:mysql(MANAGER, t.error("auth", "error 1045: Access denied, because service be degraded "))
  t.advance("20m")
  t.equal(node:instance().state, "MASTER")
  t.equal(node:instance().priority, 90)
end)

t.case("offline drains: the priority drops, and the address goes when a peer can serve", function()
  local node, mycat = master()
  mycat.status = "OFF"
  t.advance("3s")
  t.equal(node:instance().state, "MASTER")
  t.equal(node:instance().priority, 1)
  node.net:serve("192.0.2.7:8066", greets)
  t.advance("2s")
  t.equal(node:instance().state, "FAULT")
  t.contains(node:instance().faults[1], "Mycat was set offline at its manager, and another node can serve")
  mycat.status = "ON"
  t.advance("6s")
  t.equal(node:instance().state, "MASTER")
  t.equal(node:instance().priority, 100)
  t.equal(#node:log("Mycat is online again"), 1)
end)

t.case("a query that hangs or fails costs priority, one that is misconfigured does not", function()
  local node, mycat = master()
  mycat.hang_query = true
  t.advance("15s")
  t.equal(node:instance().priority, 80)
  t.contains(node:check("mycat.query").reason, SQL .. " answers its manager, but no statement in TESTDB")
  mycat.hang_query = false
  t.advance("20s")
  t.equal(node:instance().priority, 100)
  mycat.query_error = "error 1184: Connection refused"
  t.advance("60s")
  t.equal(node:instance().priority, 80)
  t.contains(node:check("mycat.query").reason, "error 1184: Connection refused")
  mycat.query_error = "error 1044: Access denied for user 'root' to database 'TESTDB'"
  t.advance("60s")
  t.equal(node:instance().priority, 100)
  t.equal(#node:log("mycat%.query is misconfigured"), 1)
  t.equal(node:states(), { "BACKUP", "MASTER" })
end)

--- The instance with nopreempt, and without peers that are asked.
local nopreempt = conf:gsub("peers 192.0.2.7\n", ""):gsub("priority 100", "priority 100\n    nopreempt")

t.case("with nopreempt a hanging query makes a MASTER hand over, and it stays behind the one that took over", function()
  local node, mycat = master(nopreempt)
  local second = t.node { conf = nopreempt, name = "second", state = "BACKUP" }
  local other = new_mycat()
  second.net:mysql(MANAGER, other.manager)
  second.net:mysql(SQL, other.sql)
  second:process { cmdline = { "java", "io.mycat.MycatStartup" } }
  t.advance("10s")
  mycat.hang_query = true
  t.advance("15s")
  t.equal(second:instance().state, "MASTER")
  t.equal(#node:log("hands over, because with nopreempt a weight moves nothing: " .. SQL), 1)
  t.advance("10m")
  t.equal(second:states(), { "BACKUP", "MASTER" })
  t.equal(node:states(), { "BACKUP", "MASTER", "FAULT", "BACKUP" })
  t.equal(node:instance().priority, 80)
end)

t.case("where every node's queries hang, the address moves once in five minutes and is never away", function()
  local node, mycat = master(nopreempt)
  local second = t.node { conf = nopreempt, name = "second", state = "BACKUP" }
  second.net:mysql(MANAGER, mycat.manager)
  second.net:mysql(SQL, mycat.sql)
  second:process { cmdline = { "java", "io.mycat.MycatStartup" } }
  t.advance("10s")
  mycat.hang_query = true
  local away = 0
  for _ = 1, 600 do
    t.advance("1s")
    away = (node:instance().holds_vips or second:instance().holds_vips) and 0 or away + 1
    t.truthy(away == 0 or away == 1, "a goodbye leads to a new master within a second")
  end
  t.equal(#node:log("hands over, because with nopreempt"), 2)
  t.equal(#second:log("hands over, because with nopreempt"), 2)
end)

t.case("a node that nobody relieves has its address back after some seconds, and keeps it for five minutes", function()
  local node, mycat = master(nopreempt)
  mycat.hang_query = true
  t.advance("15s")
  t.equal(node:instance().state, "FAULT")
  t.advance("4m")
  t.equal(node:states(), { "BACKUP", "MASTER", "FAULT", "BACKUP", "MASTER" })
  mycat.hang_query = false
  t.advance("60s")
  mycat.hang_query = true
  t.advance("30s")
  t.equal(node:states()[6], "FAULT")
end)

t.case("with peers a hanging query gives the address up only to one that greets", function()
  local node, mycat = master((conf:gsub("priority 100", "priority 100\n    nopreempt")))
  mycat.hang_query = true
  t.advance("60s")
  t.equal(node:instance().state, "MASTER")
  t.equal(#node:log("keeps its address, because no peer could serve"), 1)
  node.net:serve("192.0.2.7:8066", greets)
  t.advance("6s")
  t.equal(node:instance().state, "FAULT")
end)

t.case("with nopreempt a query that is refused moves nothing: the backends refuse it on every node", function()
  local node, mycat = master(nopreempt)
  mycat.query_error = "error 1184: Connection refused"
  t.advance("5m")
  t.equal(node:states(), { "BACKUP", "MASTER" })
  t.equal(node:instance().priority, 80)
end)

t.case("a gate waits until Mycat has checked every backend", function()
  local text = conf:gsub("priority 100", "priority 100\n    promotion_gate mycat.ready")
    :gsub("track_lua {.-}", "track_lua {\n        mycat.manager\n    }")
  local node = t.node { conf = text }
  local mycat = new_mycat()
  node.net:mysql(MANAGER, mycat.manager)
  node.net:serve(SQL, greets)
  node.net:refuse("192.0.2.7:8066")
  mycat.second.RS_CODE = 0
  t.advance("20s")
  t.equal(node:instance().state, "BACKUP")
  t.equal(node:gate("mycat.ready").reason, "1 backends have not been checked by Mycat yet")
  mycat.second.RS_CODE = 1
  t.advance("10s")
  t.equal(node:instance().state, "MASTER")
end)
