--- Tests of haproxy.lua. Run them with: halua test plugins/tests/haproxy_test.lua

local t = require "halua.test"

local SOCKET = "/run/haproxy/admin.sock"

local function conf(check, options)
  return [[
lua_plugin haproxy {
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
        haproxy.]] .. check .. [[

    }
}
]]
end

local function master(check, options)
  local node = t.node { conf = conf(check, options), state = "MASTER" }
  return node, function()
    t.advance("8s")
    t.equal(node:instance().state, "FAULT")
    t.truthy(node.net:connections(SOCKET) <= 1)
    return node:check("haproxy." .. check).reason
  end, function()
    t.advance("15s")
    t.equal(node:check("haproxy." .. check).state, "up")
    t.equal(node:instance().state, "MASTER")
  end
end

--- An haproxy that answers any command with that and hangs up, as it does.
local function says(text)
  return function(client)
    client:receive("*l")
    client:send(text)
    client:close()
  end
end

local INFO = "Name: HAProxy\nVersion: 2.6.12\nUptime_sec: 4711\nStopping: 0\n\n"

local HEAD = "# pxname,svname,status,check_status,desc,type,\n"

t.case("an haproxy that answers keeps the address", function()
  local node = master("alive")
  node.net:serve(SOCKET, says(INFO))
  t.advance("60s")
  t.equal(node:instance().state, "MASTER")
  t.equal(node.net:connections(SOCKET), 0)
end)

t.case("gone, frozen, stopping, forbidden and something else are told apart", function()
  local node, reason, passes = master("alive")
  node.net:refuse(SOCKET)
  t.contains(reason(), "nothing listens on " .. SOCKET)
  node.net:serve(SOCKET, says(INFO))
  passes()
  node.net:accept(SOCKET)
  t.match(reason(), "did not answer within 0%.9 s: is it frozen")
  node.net:serve(SOCKET, says((INFO:gsub("Stopping: 0", "Stopping: 1"))))
  t.contains(reason(), "is stopping")
  node.net:serve(SOCKET, says("Permission denied\n"))
  t.contains(reason(), "needs the level user")
  node.net:serve(SOCKET, says("\0\255 hello"))
  t.contains(reason(), 'is no haproxy: it says ".. hello"')
  node.net:close(SOCKET)
  t.match(reason(), "haproxy")
end)

t.case("an answer without end, and one octet at a time for ever, end in time", function()
  local node, reason = master("alive")
  node.net:serve(SOCKET, function(client)
    while client:send(("x"):rep(100000)) do halua.sleep("1ms") end
  end)
  t.contains(reason(), "says too much for haproxy")
  node.net:serve(SOCKET, function(client)
    while client:send("x") do halua.sleep("100ms") end
  end)
  t.contains(reason(), "did not answer within 0.9 s")
end)

t.case("a backend needs servers that are up, and the reason names those that are not", function()
  local node, reason, passes = master("backends", "backends shop\nmin_up 2")
  node.net:serve(SOCKET, says(HEAD .. 'shop,web1,UP,L7OK,"a ""quoted"", text",2,\n'
    .. "shop,web2,no check,,,2,\nshop,web3,DOWN,L4CON,,2,\nshop,BACKEND,UP,,,1,\n"
    .. "api,a1,DOWN,L4TOUT,,2,\napi,BACKEND,DOWN,,,1,\n\n"))
  passes()
  node.net:serve(SOCKET, says(HEAD .. "shop,web1,UP 1/2,L7OK,,2,\n"
    .. "shop,web2,MAINT,,,2,\nshop,web3,DOWN,L4CON,,2,\nshop,BACKEND,UP,,,1,\n\n"))
  t.equal(reason(), "backend shop has 1 of 3 servers up, needs 2: web2 MAINT, web3 DOWN (L4CON)")
end)

t.case("without names all backends count that have servers", function()
  local node, reason, passes = master("backends")
  node.net:serve(SOCKET, says(HEAD .. "stats,BACKEND,UP,,,1,\nshop,web1,UP,,,2,\nshop,BACKEND,UP,,,1,\n\n"))
  passes()
  local many = {}
  for number = 1, 6 do many[number] = ("api,a%d,DOWN,,,2,\n"):format(number) end
  node.net:serve(SOCKET, says(HEAD .. table.concat(many) .. "shop,web1,DRAIN,,,2,\n\n"))
  t.equal(reason(), "backend api has 0 of 6 servers up, needs 1: a1 DOWN, a2 DOWN, a3 DOWN, a4 DOWN and 2 more; "
    .. "backend shop has 0 of 1 servers up, needs 1: web1 DRAIN")
end)

t.case("a backend that is not there, and an answer that is no table, are told", function()
  local node, reason = master("backends", "backends shpo")
  node.net:serve(SOCKET, says(HEAD .. "shop,web1,UP,,,2,\n\n"))
  t.equal(reason(), 'haproxy has no backend "shpo"')
  node.net:serve(SOCKET, says("Unknown command: 'show stat'\n"))
  t.contains(reason(), "is no haproxy")
  node.net:serve(SOCKET, says('# pxname,"svname\n,,,"\n"""\n\n'))
  t.contains(reason(), "is no haproxy")
end)

t.case("an answer that is cut off, and a table without a backend, are no success", function()
  local node, reason = master("backends")
  node.net:serve(SOCKET, says(HEAD .. "shop,web1,UP,,,2,\n"))
  t.contains(reason(), "haproxy broke off in the middle of its answer on " .. SOCKET)
  node.net:serve(SOCKET, says(HEAD .. "\n"))
  t.equal(reason(), "haproxy has no backend with a server")
end)

t.case("wrong options are refused with their line", function()
  local function refused(options, pattern)
    t.raises(function() t.node { conf = conf("alive", options) } end, pattern)
  end
  refused("socket admin.sock", "2:?%d*: socket of plugin haproxy takes a path")
  refused("min_up 0", "2:?%d*: min_up of plugin haproxy: takes 1 or more")
  refused("backend shop", '2:?%d*: plugin haproxy has no option "backend" %(did you mean "backends"')
end)
