--- MySQL and MariaDB: the server lives, takes writes, follows its source, belongs to a cluster that has a quorum.
--
-- halua.conf:
--
--   lua_plugin mysql as db {            # load it as often as needed, each time under another name
--       user halua                      # who asks; see below for what this user may do
--       password secret
--       host 127.0.0.1                  # a name or an IP address
--       port 3306
--       socket /run/mysqld/mysqld.sock  # … or the server's socket
--       database shop                   # … which must exist, too
--       query "SELECT 1"                # what db.alive asks
--       when_full fail                  # what it means that max_connections is reached: fail, or pass
--       max_lag 30s                     # db.replication: how far it may be behind
--       source_lost pass                # … while its source cannot be reached: pass, or fail
--       without_source pass             # … when it replicates from nobody: pass, or fail
--       donor fail                      # db.galera while the node feeds another one: fail, or pass
--       min_cluster_size 0              # … and fewer nodes than this are a failure
--   }
--   vrrp_instance VI_1 {
--       ...
--       track_lua {
--           db.alive
--           db.writable
--           db.replication weight -50
--       }
--   }
--
-- The user of the checks needs no rights on data:
--
--   CREATE USER halua@localhost IDENTIFIED BY 'secret';
--   GRANT REPLICATION CLIENT ON *.* TO halua@localhost;   -- MySQL, for db.replication
--   GRANT REPLICA MONITOR ON *.* TO halua@localhost;      -- the same for MariaDB 10.5 and newer
--
-- db.alive: logs in on a new connection, as a new client would, and asks. A server without a free connection is told
-- from a dead one and from a frozen one. `when_full pass` is for those who would rather keep a full server than move
-- the same clients to the next one.
--
-- db.writable: read_only, super_read_only, innodb_read_only and offline_mode are off. For the address that writers
-- use. A server that somebody makes writable by a hook when it becomes MASTER must not track this.
--
-- db.replication: every channel's threads run and are not too far behind. A source that is gone is no failure of this
-- node: that is when it is needed. With a weight it makes the node that is behind the second choice. Without one, a
-- pair whose replicas are both broken has no address.
--
-- db.galera: the node is synced and in the primary component, and accepts statements.
--
-- Every 2 seconds, for 1.5 seconds at most; three failures in a row put the node into FAULT, two successes take it out.
-- `interval`, `timeout`, `fall`, `rise` and `weight` in track_lua change that. Each check that is tracked makes one
-- connection for each run and says goodbye, so the server neither logs nor counts an aborted one.

local halua = require "halua"

local opt = halua.options {
  user = halua.required "string",
  password = "",
  host = "127.0.0.1",
  port = 3306,
  socket = halua.optional "path",
  database = "",
  query = "SELECT 1",
  when_full = halua.choice { "fail", "pass" },
  max_lag = "30s",
  source_lost = halua.choice { "pass", "fail" },
  without_source = halua.choice { "pass", "fail" },
  donor = halua.choice { "fail", "pass" },
  min_cluster_size = 0,
}

if opt.port < 1 or opt.port > 65535 then
  halua.refuse("port", "a port is a number from 1 to 65535, not " .. opt.port)
end
if opt.user == "" then halua.refuse("user", "must be the name of a user") end
if opt.socket and #opt.socket > 107 then halua.refuse("socket", "the path of a socket has at most 107 octets") end
if opt.socket and opt.host ~= "127.0.0.1" then halua.refuse("socket", "has no meaning together with \"host\"") end
if opt.socket and opt.port ~= 3306 then halua.refuse("socket", "has no meaning together with \"port\"") end
if opt.query == "" then halua.refuse("query", "must be a statement") end
if opt.min_cluster_size < 0 then halua.refuse("min_cluster_size", "takes 0 or more, not " .. opt.min_cluster_size) end

local max_lag = halua.seconds(opt.max_lag)

local function set(text) return text ~= "" and text or nil end

local host_and_port = (opt.host:find(":", 1, true) and "[%s]:%d" or "%s:%d"):format(opt.host, opt.port)
local address = opt.socket or host_and_port

-- Connecting ------------------------------------------------------------------------------------------------------

-- The server's numbers that stand for one reason each.
local ER_CON_COUNT, ER_TOO_MANY_USER_CONNECTIONS, ER_USER_LIMIT = 1040, 1203, 1226
local ER_HOST_IS_BLOCKED, ER_SERVER_SHUTDOWN, ER_BAD_DB, ER_UNKNOWN_COM = 1129, 1053, 1049, 1047
local ER_PARSE = 1064

local function number_of(err) return math.tointeger(err.message:match("error (%d+)")) end

-- Whether the port accepted when logins began to hang; nil while they do not. Asked once, because each connection that
-- is given up holds a place in the queue of a frozen server.
local accepts

local function find_out_whether_it_accepts(limit)
  if accepts ~= nil then return end
  local connection <close> = opt.socket and halua.unix.connect { path = opt.socket, timeout = limit }
    or not opt.socket and halua.tcp.connect { host = opt.host, port = opt.port, timeout = limit } or nil
  accepts = connection ~= nil
end

local function says(err) return (err.message:gsub("^.-error (%d+): ", "error %1: ")) end

--- Says in the operator's words why a login or a statement failed. `what`: "login" or "statement".
local function why(err, what, spent)
  local number = number_of(err)
  if number == ER_CON_COUNT then
    return address .. " is out of connections: it lives, and max_connections is reached", "full"
  elseif number == ER_TOO_MANY_USER_CONNECTIONS or number == ER_USER_LIMIT then
    return ("%s lets %s have no more connections: the limit of this user is reached"):format(address, opt.user), "full"
  elseif number == ER_HOST_IS_BLOCKED then
    return address .. " has blocked this host after too many broken connections: FLUSH HOSTS ends that"
  elseif number == ER_SERVER_SHUTDOWN then
    return address .. " is shutting down"
  elseif number == ER_UNKNOWN_COM then
    return ("%s does not serve: its Galera node is not ready (%s)"):format(address, says(err))
  elseif number == ER_BAD_DB then
    return ("%s lives, but lacks the database %s"):format(address, opt.database)
  elseif err.kind == "auth" then
    return ("%s lives, but does not let %s in: look at user and password of this check (%s)"):format(
      address, opt.user, says(err))
  elseif err.kind == "refused" then
    return address .. " refuses connections: the server does not run, or is starting"
  elseif err.kind == "timeout" and what == "statement" then
    return ("%s let %s in, but did not answer a statement within %.1f s: frozen, or its disk hangs"):format(
      address, opt.user, spent)
  elseif err.kind == "timeout" and accepts then
    return ("%s accepts connections but let nobody in within %.1f s: server frozen, or hanging"):format(address, spent)
  elseif err.kind == "timeout" then
    return ("%s gave no connection within %.1f s: host down, packets lost, or its queue is full"):format(
      address, spent)
  elseif err.kind == "closed" or err.kind == "reset" then
    return ("%s broke off the connection in the %s: it has died, or is no MySQL server"):format(address, what)
  elseif err.kind == "protocol" then
    return ("%s does not speak the MySQL protocol: %s"):format(address, err.message)
  elseif number then
    return ("%s refuses the %s: %s"):format(address, what, says(err))
  end
  return err.message
end

--- What a check says when it could not ask: a full server is as well as the operator says.
local function unasked(reason, note)
  return note == "full" and opt.when_full == "pass", reason
end

--- Connects, runs `judge` with a function that asks the server, and returns what it returns. A statement that fails
--- for another reason than its syntax ends the run with its reason.
local function with_server(ctx, judge)
  -- A little less than what is left, so that the reason is told here and not by the deadline.
  local function limit() return math.max(0.01, (ctx.deadline - halua.now()) * 0.9) end

  local began = halua.now()
  local place = opt.socket and { socket = opt.socket } or { host = opt.host, port = opt.port }
  place.user, place.password, place.database = opt.user, set(opt.password), set(opt.database)
  place.timeout = limit()
  local server <close>, err = halua.mysql.connect(place)
  if not server then
    local spent = halua.now() - began
    if err.kind == "timeout" then find_out_whether_it_accepts((ctx.deadline - halua.now()) * 0.5) end
    return unasked(why(err, "login", spent))
  end
  accepts = nil
  local refusal, note
  local function ask(sql)
    if refusal then return nil end
    local since = halua.now()
    local rows, problem = server:query(sql, limit())
    if rows then return rows end
    if number_of(problem) == ER_PARSE then return nil, problem end
    refusal, note = why(problem, "statement", halua.now() - since)
  end
  local is_well, reason = judge(ask)
  if refusal then return unasked(refusal, note) end
  return is_well, reason
end

local function check(name, judge)
  halua.check {
    name = name,
    interval = "2s", timeout = "1.5s", fall = 3, rise = 2,
    run = function(ctx) return with_server(ctx, judge) end,
  }
end

--- Rows of Variable_name and Value as a table by the names in lower case.
local function variables(rows)
  local values = {}
  for _, row in ipairs(rows) do
    if row.Variable_name then values[row.Variable_name:lower()] = tostring(row.Value) end
  end
  return values
end

-- The checks ------------------------------------------------------------------------------------------------------

check("alive", function(ask)
  local rows, err = ask(opt.query)
  if rows then return true end
  return false, err and ("%s does not understand the query of this check: %s"):format(address, says(err))
end)

check("writable", function(ask)
  local rows = ask("SHOW GLOBAL VARIABLES WHERE Variable_name IN "
    .. "('read_only', 'super_read_only', 'innodb_read_only', 'offline_mode')")
  if not rows then return false, address .. " does not tell whether it is read-only" end
  local values = variables(rows)
  if not values.read_only then return false, address .. " does not tell whether it is read-only" end
  local on = {}
  for _, name in ipairs { "read_only", "super_read_only", "innodb_read_only", "offline_mode" } do
    local value = values[name]
    if value and value ~= "OFF" and value ~= "0" then on[#on + 1] = name .. " is " .. value end
  end
  if #on > 0 then return false, ("%s is read-only: %s"):format(address, table.concat(on, ", ")) end
  return true
end)

--- A field of a channel's row, whose name depends on the server and its version.
local function field(row, ...)
  for _, name in ipairs { ... } do
    if row[name] ~= nil then return row[name] end
  end
  return nil
end

local function error_of(row, thread)
  local number = tonumber(row["Last_" .. thread .. "_Errno"]) or 0
  local text = row["Last_" .. thread .. "_Error"] or ""
  if number == 0 and text == "" then return nil end
  return ("error %d: %s"):format(number, text)
end

--- What is wrong with one channel; nil when nothing is.
local function trouble(row)
  local io = field(row, "Replica_IO_Running", "Slave_IO_Running")
  local sql = field(row, "Replica_SQL_Running", "Slave_SQL_Running")
  local lag = tonumber(field(row, "Seconds_Behind_Source", "Seconds_Behind_Master"))
  local source = field(row, "Source_Host", "Master_Host") or "its source"
  local io_error, sql_error = error_of(row, "IO"), error_of(row, "SQL")
  if io == nil or sql == nil then
    return "tells nothing about its threads"
  elseif sql ~= "Yes" and io ~= "Yes" and io ~= "Connecting" and not sql_error and not io_error then
    return "is stopped: somebody has stopped both threads (STOP REPLICA)"
  elseif sql ~= "Yes" then
    return "applies nothing: the SQL thread has stopped, " .. (sql_error or "by hand (STOP REPLICA SQL_THREAD)")
  elseif io == "Connecting" or io == "Preparing" then
    if opt.source_lost == "pass" then return nil end
    return ("does not reach %s%s"):format(source, io_error and ", " .. io_error or "")
  elseif io ~= "Yes" then
    return ("gets nothing from %s: the IO thread has stopped, %s"):format(
      source, io_error or "by hand (STOP REPLICA IO_THREAD)")
  elseif lag and lag > max_lag then
    return ("is %d s behind %s; %g s are allowed"):format(lag, source, max_lag)
  end
end

-- The first that the server understands: MariaDB with all its channels, MySQL since 8.0.22, older ones.
local STATEMENTS = { "SHOW ALL SLAVES STATUS", "SHOW REPLICA STATUS", "SHOW SLAVE STATUS" }

check("replication", function(ask)
  local rows
  for _, statement in ipairs(STATEMENTS) do
    rows = ask(statement)
    if rows then break end
  end
  if not rows then return false, address .. " does not tell how its replication is" end
  if #rows == 0 then
    if opt.without_source == "pass" then return true end
    return false, address .. " replicates from nobody"
  end
  local troubles = {}
  for _, row in ipairs(rows) do
    local problem = trouble(row)
    local channel = field(row, "Connection_name", "Channel_Name") or ""
    if problem then
      troubles[#troubles + 1] = (channel ~= "" and ("channel %s "):format(channel) or "") .. problem
    end
  end
  if #troubles > 0 then return false, ("replication of %s %s"):format(address, table.concat(troubles, "; ")) end
  return true
end)

local SYNCED, DONOR = "4", "2"

check("galera", function(ask)
  local rows = ask("SHOW GLOBAL STATUS LIKE 'wsrep_%'")
  if not rows then return false, address .. " does not tell how its cluster is" end
  local status = variables(rows)
  local state = ("its state is %s"):format(status.wsrep_local_state_comment or status.wsrep_local_state or "unknown")
  if not status.wsrep_local_state or status.wsrep_provider_name == "" then
    return false, address .. " belongs to no Galera cluster: no provider is loaded"
  elseif status.wsrep_cluster_status ~= "Primary" then
    return false, ("%s is in a part of the cluster without a quorum (%s): it refuses statements"):format(
      address, status.wsrep_cluster_status)
  elseif status.wsrep_connected ~= "ON" then
    return false, ("%s has lost its cluster, %s"):format(address, state)
  elseif status.wsrep_local_state == DONOR then
    if opt.donor == "fail" then return false, address .. " feeds another node or is desynced: it is behind" end
  elseif status.wsrep_local_state ~= SYNCED then
    return false, ("%s is not synced, %s"):format(address, state)
  end
  local size = tonumber(status.wsrep_cluster_size) or 0
  if status.wsrep_ready ~= "ON" then
    return false, ("%s refuses statements (wsrep_ready is %s), %s"):format(address, status.wsrep_ready, state)
  elseif size < opt.min_cluster_size then
    return false, ("the cluster of %s has %d nodes, needs %d"):format(address, size, opt.min_cluster_size)
  end
  return true
end)
