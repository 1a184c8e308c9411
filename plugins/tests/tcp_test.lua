--- Tests of tcp.lua. Run them with: halua test plugins/tests/tcp_test.lua

local t = require "halua.test"

local ADDRESS = "127.0.0.1:6379"

local function conf(options)
  return [[
lua_plugin tcp as redis {
]] .. options .. [[

}
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    priority 100
    virtual_ipaddress {
        192.0.2.10/24
    }
    track_lua {
        redis.connect
    }
}
]]
end

local PING = 'port 6379\nsend "PING\\r\\n"\nexpect "+PONG"'

local function pong(client)
  while client:receive("*l") do client:send("+PONG\r\n") end
end

local function master(options)
  return t.node { conf = conf(options or PING), state = "MASTER" }
end

--- Lets a new server stand for a while; returns the reason of the failure that it must be.
local function reason(node)
  t.advance("8s")
  t.equal(node:instance().state, "FAULT")
  t.truthy(node.net:connections(ADDRESS) <= 1, "connections are closed")
  return node:check("redis.connect").reason
end

t.case("a service that answers keeps the address, and no connection stays open", function()
  local node = master()
  node.net:serve(ADDRESS, pong)
  t.advance("60s")
  t.equal(node:instance().state, "MASTER")
  t.equal(node.net:connections(ADDRESS), 0)
end)

t.case("connecting is enough when nothing is expected", function()
  local node = master("port 6379")
  node.net:accept(ADDRESS)
  t.advance("30s")
  t.equal(node:instance().state, "MASTER")
end)

t.case("whoever wants it gets a goodbye, and need not answer it", function()
  local node = master('port 6379\nexpect "220 "\nquit "QUIT\\r\\n"')
  local goodbye
  node.net:serve(ADDRESS, function(client)
    client:send("220 ready\r\n")
    goodbye = client:receive("*l")
  end)
  t.advance("30s")
  t.equal(goodbye, "QUIT")
  t.equal(node:instance().state, "MASTER")
end)

t.case("two refused connections do not cost the address, three do, and two good ones bring it back", function()
  local node = master()
  node.net:serve(ADDRESS, pong)
  t.advance("10s")
  node.net:refuse(ADDRESS)
  t.advance("4s")
  t.equal(node:instance().state, "MASTER")
  t.equal(reason(node), ADDRESS .. " refuses connections: nothing listens there")
  node.net:serve(ADDRESS, pong)
  t.advance("10s")
  t.equal(node:instance().state, "MASTER")
end)

t.case("a frozen program is told from a host that is down", function()
  local node = master()
  node.net:accept(ADDRESS)
  t.match(reason(node), "accepts connections and said nothing for %d%.%d s: is the program frozen")
  node.net:hang(ADDRESS)
  t.match(reason(node), "gave no connection within 0%.9 s: host down")
  node.net:unreachable(ADDRESS)
  t.contains(reason(node), "there is no way there")
end)

t.case("a program that hangs up is told, with what it said before", function()
  local node = master()
  node.net:close(ADDRESS)
  t.match(reason(node), "accepted the connection, said nothing, and %a+ it")
  node.net:serve(ADDRESS, function(client)
    client:receive("*l")
    client:send("-LOADING\r\n")
    client:close()
  end)
  t.match(reason(node), 'said only "%-LOADING%.%.", and %a+ it')
end)

t.case("garbage without end is no answer", function()
  local node = master()
  node.net:serve(ADDRESS, function(client)
    while client:send(("\0\255x"):rep(1000)) do halua.sleep("1ms") end
  end)
  t.contains(reason(node), 'says "..x..x')
end)

t.case("one octet at a time is an answer when it comes in time, and none when it does not", function()
  local node = master()
  node.net:serve(ADDRESS, { "+", 0.1, "P", 0.1, "O", 0.1, "N", 0.1, "G" })
  t.advance("20s")
  t.equal(node:instance().state, "MASTER")
  node.net:serve(ADDRESS, { "+", 0.3, "P", 0.3, "O", 0.3, "N", 0.3, "G" })
  t.match(reason(node), 'said only "%+PO?" for')
end)

t.case("a latency of up to 80 % of the timeout is no alarm in a thousand rounds", function()
  local slow = conf(PING):gsub("priority 100", "priority 100\nadvert_int 40")
  local node = t.node { conf = slow }
  local seed = 4711
  node.net:serve(ADDRESS, function(client)
    client:receive("*l")
    seed = (seed * 1103515245 + 12345) % 0x80000000
    halua.sleep(0.8 * seed / 0x80000000)
    client:send("+PONG\r\n")
  end)
  local before = node:check("redis.connect").runs
  t.advance("2001s")
  t.truthy(node:check("redis.connect").runs - before >= 1000)
  t.equal(#node:log("redis.connect failed"), 0)
  t.equal(node:instance().state, "MASTER")
end)

t.case("wrong options are refused with their line", function()
  local function refused(options, pattern)
    t.raises(function() t.node { conf = conf(options) } end, pattern)
  end
  refused("", "needs the option port")
  refused("port 70000", "2:?%d*: port of plugin redis: a port is a number from 1 to 65535, not 70000")
  refused("port 1\nexpct x", "3:?%d*: plugin redis has no option \"expct\"")
  refused("port 1\nserver_name x", "3:?%d*: server_name of plugin redis: has a meaning only with")
  refused("port 1\ntls on\nca x", "4:?%d*: ca of plugin redis takes a path that begins with /, not \"x\"")
  refused("port 1\nverify off", "3:?%d*: verify of plugin redis: has a meaning only with")
end)
