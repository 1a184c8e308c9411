--- Tests of mysql.lua. Run them with: halua test plugins/tests/mysql_test.lua

local t = require "halua.test"

local ADDRESS = "127.0.0.1:3306"

local function conf(check, options)
  return [[
lua_plugin mysql as db {
user halua
]] .. (options or "") .. [[

}
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    priority 100
    virtual_ipaddress {
        192.0.2.10/24
    }
    track_lua {
        db.]] .. check .. [[

    }
}
]]
end

--- A master with one check of the plugin, and a function that expects it to fail and returns the reason.
local function master(check, options)
  local node = t.node { conf = conf(check, options), state = "MASTER" }
  return node, function()
    t.advance("8s")
    t.equal(node:instance().state, "FAULT")
    t.equal(node:check("db." .. check).state, "down")
    return node:check("db." .. check).reason
  end
end

local function passes(node, check)
  t.advance("15s")
  t.equal(node:instance().state, "MASTER")
  if check then t.equal(node:check("db." .. check).state, "up") end
end

local function refusal(kind, number, text)
  return t.error(kind, ("query: error %d: %s"):format(number, text))
end

local ONE = { { ["1"] = 1 } }

t.case("a server that answers keeps the address", function()
  local node = master("alive")
  node.net:mysql(ADDRESS, { ["SELECT 1"] = ONE })
  t.advance("60s")
  t.equal(node:instance().state, "MASTER")
end)

t.case("two failures do not cost the address, three do, and two successes bring it back", function()
  local node, reason = master("alive")
  node.net:mysql(ADDRESS, { ["SELECT 1"] = ONE })
  t.advance("10s")
  node.net:refuse(ADDRESS)
  t.advance("4s")
  t.equal(node:instance().state, "MASTER")
  t.equal(reason(), ADDRESS .. " refuses connections: the server does not run, or is starting")
  node.net:mysql(ADDRESS, { ["SELECT 1"] = ONE })
  passes(node)
end)

t.case("frozen, down, and slow are told apart", function()
  local node, reason = master("alive")
  node.net:accept(ADDRESS)
  t.match(reason(), "accepts connections but let nobody in within 1%.[34] s: server frozen")
  node.net:mysql(ADDRESS, { ["SELECT 1"] = ONE })
  passes(node)
  node.net:hang(ADDRESS)
  t.match(reason(), "gave no connection within 1%.[34] s: host down")
  node.net:mysql(ADDRESS, function() halua.sleep "1h" end)
  t.match(reason(), "let halua in, but did not answer a statement within 1%.[34] s")
end)

t.case("a frozen server is asked once more only, so that its queue does not fill", function()
  local node, reason = master("alive")
  node.net:accept(ADDRESS)
  reason()
  t.advance("60s")
  t.truthy(node.net:connections(ADDRESS) <= 1)
end)

t.case("what the server refuses is told in words", function()
  local node, reason = master("alive", "database shop")
  node.net:mysql(ADDRESS, refusal("denied", 1040, "Too many connections"))
  t.equal(reason(), ADDRESS .. " is out of connections: it lives, and max_connections is reached")
  node.net:mysql(ADDRESS, refusal("denied", 1226, "User 'halua' has exceeded the resource"))
  t.contains(reason(), "lets halua have no more connections")
  node.net:mysql(ADDRESS, refusal("denied", 1129, "Host is blocked"))
  t.contains(reason(), "FLUSH HOSTS")
  node.net:mysql(ADDRESS, refusal("denied", 1049, "Unknown database 'shop'"))
  t.contains(reason(), "lives, but lacks the database shop")
  node.net:mysql(ADDRESS, refusal("auth", 1045, "Access denied for user"))
  t.contains(reason(), "look at user and password of this check (error 1045: Access denied for user)")
  node.net:mysql(ADDRESS, t.error("protocol", "malformed packet"))
  t.contains(reason(), "does not speak the MySQL protocol")
  node.net:mysql(ADDRESS, t.error("closed", "closed"))
  t.contains(reason(), "broke off the connection in the login")
  node.net:mysql(ADDRESS, { ["SELECT 1"] = refusal("denied", 1047, "WSREP has not yet prepared node") })
  t.contains(reason(), "its Galera node is not ready")
end)

t.case("a full server is well when the operator says so, and a dead one is not", function()
  local node, reason = master("alive", "when_full pass")
  node.net:mysql(ADDRESS, refusal("denied", 1040, "Too many connections"))
  passes(node)
  node.net:refuse(ADDRESS)
  reason()
end)

t.case("a full server is well for the other checks, too", function()
  local node = master("writable", "when_full pass")
  node.net:mysql(ADDRESS, refusal("denied", 1203, "User has more than max_user_connections"))
  passes(node, "writable")
end)

t.case("a query with a mistake is told as that", function()
  local node, reason = master("alive", 'query "SELEC 1"')
  node.net:mysql(ADDRESS, { ["SELEC 1"] = refusal("denied", 1064, "You have an error in your SQL syntax") })
  t.contains(reason(), "does not understand the query of this check: error 1064")
end)

t.case("read-only servers are told with the variable that makes them so", function()
  local node, reason = master("writable")
  local function say(variables)
    local rows = {}
    for name, value in pairs(variables) do rows[#rows + 1] = { Variable_name = name, Value = value } end
    node.net:mysql(ADDRESS, { ["*"] = rows })
  end
  say { read_only = "OFF", innodb_read_only = "OFF" }
  passes(node, "writable")
  say { read_only = "ON", super_read_only = "ON", innodb_read_only = "OFF" }
  t.equal(reason(), ADDRESS .. " is read-only: read_only is ON, super_read_only is ON")
  say { read_only = "NO_LOCK_NO_ADMIN" }
  t.contains(reason(), "read_only is NO_LOCK_NO_ADMIN")
  say {}
  t.contains(reason(), "does not tell whether it is read-only")
end)

-- Ten thousand rounds; one case for all of them would take too long on a busy machine.
for part = 1, 10 do
  t.case(("a latency of up to 80 %% of the timeout is no alarm, rounds %d to %d"):format(
    1000 * part - 999, 1000 * part), function()
    local slow = conf("alive"):gsub("priority 100", "priority 100\nadvert_int 40")
    local node = t.node { conf = slow }
    local seed = 4711 * part
    node.net:mysql(ADDRESS, function()
      seed = (seed * 1103515245 + 12345) % 0x80000000
      halua.sleep(0.8 * 1.5 * seed / 0x80000000)
      return ONE
    end)
    local before = node:check("db.alive").runs
    t.advance("2001s")
    t.truthy(node:check("db.alive").runs - before >= 1000)
    t.equal(#node:log("db.alive failed"), 0)
    t.equal(node:instance().state, "MASTER")
  end)
end

-- Replication -----------------------------------------------------------------------------------------------------

local function channel(changes)
  local row = {
    Master_Host = "db2", Slave_IO_Running = "Yes", Slave_SQL_Running = "Yes", Seconds_Behind_Master = 0,
    Last_IO_Errno = 0, Last_IO_Error = "", Last_SQL_Errno = 0, Last_SQL_Error = "", Connection_name = "",
  }
  for name, value in pairs(changes or {}) do row[name] = value end
  return row
end

local function replicas(node, ...)
  node.net:mysql(ADDRESS, { ["SHOW ALL SLAVES STATUS"] = { ... } })
end

t.case("each trouble of replication has its own words", function()
  local node, reason = master("replication")
  replicas(node, channel { Seconds_Behind_Master = 30 })
  passes(node, "replication")
  replicas(node, channel { Seconds_Behind_Master = 31 })
  t.equal(reason(), "replication of " .. ADDRESS .. " is 31 s behind db2; 30 s are allowed")
  replicas(node, channel { Slave_IO_Running = "No", Slave_SQL_Running = "No" })
  t.contains(reason(), "is stopped: somebody has stopped both threads")
  replicas(node, channel { Slave_SQL_Running = "No", Last_SQL_Errno = 1062, Last_SQL_Error = "Duplicate entry" })
  t.contains(reason(), "applies nothing: the SQL thread has stopped, error 1062: Duplicate entry")
  replicas(node, channel { Slave_SQL_Running = "No" })
  t.contains(reason(), "by hand (STOP REPLICA SQL_THREAD)")
  replicas(node, channel { Slave_IO_Running = "No", Last_IO_Errno = 1236, Last_IO_Error = "no such log" })
  t.contains(reason(), "gets nothing from db2: the IO thread has stopped, error 1236: no such log")
  replicas(node, channel(), channel { Connection_name = "second", Seconds_Behind_Master = 99 })
  t.contains(reason(), "channel second is 99 s behind")
end)

--- A replica whose source does not answer: it cannot say how far it is behind.
local function lost_channel()
  local lost = channel { Slave_IO_Running = "Connecting", Last_IO_Errno = 2003, Last_IO_Error = "can't connect" }
  lost.Seconds_Behind_Master = nil
  return lost
end

t.case("a source that is gone is no failure of its replica", function()
  local node = master("replication")
  replicas(node, lost_channel())
  passes(node, "replication")
end)

t.case("a source that is gone is a failure when the operator says so", function()
  local strict, reason = master("replication", "source_lost fail")
  replicas(strict, lost_channel())
  t.contains(reason(), "does not reach db2, error 2003: can't connect")
end)

t.case("a server without a source is a source itself", function()
  local node = master("replication")
  replicas(node)
  passes(node, "replication")
end)

t.case("a server without a source is a failure when the operator says so", function()
  local strict, reason = master("replication", "without_source fail")
  replicas(strict)
  t.equal(reason(), ADDRESS .. " replicates from nobody")
end)

t.case("the words of new and of old MySQL servers are understood", function()
  local function parse_error() return nil, refusal("denied", 1064, "You have an error in your SQL syntax") end
  local node, reason = master("replication")
  node.net:mysql(ADDRESS, function(statement)
    if statement ~= "SHOW REPLICA STATUS" then return parse_error() end
    return { { Replica_IO_Running = "Yes", Replica_SQL_Running = "Yes", Seconds_Behind_Source = 77,
      Source_Host = "db2", Channel_Name = "" } }
  end)
  t.contains(reason(), "is 77 s behind db2")
  node.net:mysql(ADDRESS, function(statement)
    if statement ~= "SHOW SLAVE STATUS" then return parse_error() end
    return { channel() }
  end)
  passes(node)
  node.net:mysql(ADDRESS, parse_error)
  t.contains(reason(), "does not tell how its replication is")
  node.net:mysql(ADDRESS, refusal("denied", 1227, "Access denied; you need REPLICATION CLIENT"))
  t.contains(reason(), "error 1227: Access denied; you need REPLICATION CLIENT")
end)

-- Galera ----------------------------------------------------------------------------------------------------------

local function galera(node, changes)
  local status = {
    wsrep_local_state = "4", wsrep_local_state_comment = "Synced", wsrep_cluster_status = "Primary",
    wsrep_connected = "ON", wsrep_ready = "ON", wsrep_cluster_size = "3", wsrep_provider_name = "Galera",
  }
  for name, value in pairs(changes or {}) do status[name] = value or nil end
  local rows = {}
  for name, value in pairs(status) do rows[#rows + 1] = { Variable_name = name, Value = value } end
  node.net:mysql(ADDRESS, { ["*"] = rows })
end

t.case("each trouble of a Galera node has its own words", function()
  local node, reason = master("galera", "min_cluster_size 2")
  galera(node)
  passes(node, "galera")
  galera(node, { wsrep_cluster_status = "non-Primary", wsrep_ready = "OFF" })
  t.contains(reason(), "without a quorum (non-Primary)")
  galera(node, { wsrep_connected = "OFF", wsrep_local_state = "0", wsrep_local_state_comment = "Initialized" })
  t.contains(reason(), "has lost its cluster, its state is Initialized")
  galera(node, { wsrep_local_state = "1", wsrep_local_state_comment = "Joining" })
  t.contains(reason(), "is not synced, its state is Joining")
  galera(node, { wsrep_local_state = "2", wsrep_local_state_comment = "Donor/Desynced" })
  t.contains(reason(), "feeds another node or is desynced")
  galera(node, { wsrep_ready = "OFF" })
  t.contains(reason(), "refuses statements (wsrep_ready is OFF)")
  galera(node, { wsrep_cluster_size = "1" })
  t.contains(reason(), "has 1 nodes, needs 2")
  node.net:mysql(ADDRESS, { ["*"] = {} })
  t.contains(reason(), "belongs to no Galera cluster")
end)

t.case("a donor serves when the operator says so", function()
  local node = master("galera", "donor pass")
  galera(node, { wsrep_local_state = "2", wsrep_local_state_comment = "Donor/Desynced" })
  passes(node, "galera")
end)

t.case("wrong options are refused with their line", function()
  local function refused(options, pattern)
    t.raises(function() t.node { conf = conf("alive", options) } end, pattern)
  end
  refused("port 0", "3:?%d*: port of plugin db: a port is a number")
  refused("socket here", "3:?%d*: socket of plugin db takes a path that begins with /, not \"here\"")
  refused("socket /s\nhost db1", "3:?%d*: socket of plugin db: has no meaning together")
  refused("max_lag long", "3:?%d*: max_lag of plugin db takes a duration")
  refused("when_full maybe", '3:?%d*: when_full of plugin db takes "fail" or "pass"')
  refused("min_cluster_size -1", "3:?%d*: min_cluster_size of plugin db: takes 0 or more")
  refused('query ""', "3:?%d*: query of plugin db: must be a statement")
  refused("passwrd x", "3:?%d*: plugin db has no option \"passwrd\" %(did you mean \"password\"")
end)
