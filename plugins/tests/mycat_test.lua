--- Tests of mycat.lua. Run them with: halua test plugins/tests/mycat_test.lua

local t = require "halua.test"

local ADDRESS = "127.0.0.1:8066"

local conf = [[
lua_plugin mycat {
    home /usr/local/mycat
}
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    priority 100
    virtual_ipaddress {
        192.0.2.1/24
    }
    track_lua {
        mycat.process
        mycat.greeting
    }
}
]]

--- The first packet of the MySQL protocol, as a Mycat sends it.
local function greeting(version)
  local body = "\10" .. (version or "5.6.29-mycat-1.6.7.6") .. "\0" .. ("x"):rep(60)
  return string.pack("<I3 B", #body, 0) .. body
end

--- A Mycat in good health: it greets, takes COM_QUIT and hangs up.
local function healthy(client)
  assert(client:send(greeting()))
  assert(client:receive(5))
  client:close()
end

--- A master beside a living Mycat.
local function master()
  local node = t.node { conf = conf, state = "MASTER" }
  local jvm = node:process {
    name = "java", cmdline = { "/usr/bin/java", "-DMYCAT_HOME=/usr/local/mycat", "io.mycat.MycatStartup", "start" },
  }
  node.net:serve(ADDRESS, healthy)
  return node, jvm
end

t.case("a healthy Mycat keeps the address", function()
  local node = master()
  t.advance("60s")
  t.equal(node:instance().state, "MASTER")
  t.equal(node:check("mycat.process").state, "up")
  t.equal(node:check("mycat.greeting").state, "up")
  t.truthy(node:check("mycat.greeting").runs >= 60)
end)

t.case("the death of the JVM costs the address at once", function()
  local node, jvm = master()
  t.advance("10.2s")
  jvm:stop()
  t.advance(0)
  t.equal(node:instance().state, "FAULT")
  t.match(node:check("mycat.process").reason, "the JVM %(process %d+%) has ended")
  t.equal(node:instance().holds_vips, false)
end)

t.case("a zombie is no Mycat, and its parent is named", function()
  local node, jvm = master()
  t.advance("10s")
  jvm:stop(false)
  t.advance("2s")
  t.equal(node:instance().state, "FAULT")
  t.contains(node:check("mycat.process").reason, "its parent 1 has not collected it")
end)

t.case("a stopped JVM is told from a dead one", function()
  local node, jvm = master()
  t.advance("5s")
  jvm:freeze()
  local is_frozen = true
  -- The kernel accepts for it; what has connected meanwhile is greeted when it goes on.
  node.net:serve(ADDRESS, function(client)
    while is_frozen do halua.sleep("10ms") end
    healthy(client)
  end)
  t.advance("2s")
  t.equal(node:instance().state, "FAULT")
  t.contains(node:check("mycat.process").reason, "is stopped: it runs no instruction until it is continued")
  jvm:thaw()
  is_frozen = false
  t.advance("10s")
  t.equal(node:instance().state, "MASTER")
  t.equal(node:states(), { "BACKUP", "MASTER", "FAULT", "BACKUP", "MASTER" })
end)

t.case("another installation's JVM does not count", function()
  local node = t.node { conf = conf }
  node.net:serve(ADDRESS, healthy)
  node:process { cmdline = { "java", "-DMYCAT_HOME=/srv/other", "io.mycat.MycatStartup" } }
  t.advance("10s")
  t.equal(node:instance().state, "FAULT")
  t.contains(node:check("mycat.process").reason, "no process runs io.mycat.MycatStartup")
end)

t.case("three refused handshakes cost the address, two do not", function()
  local node = master()
  t.advance("10s")
  node.net:refuse(ADDRESS)
  t.advance("2s")
  t.equal(node:instance().state, "MASTER")
  t.advance("1s")
  t.equal(node:instance().state, "FAULT")
  t.equal(node:check("mycat.greeting").reason, ADDRESS .. " refuses connections: nothing listens there")
end)

t.case("a port that accepts and says nothing is a frozen JVM, and one connection is waited for", function()
  local node = master()
  t.advance("10s")
  local accepted = 0
  node.net:serve(ADDRESS, function(client)
    accepted = accepted + 1
    client:receive("*a")
  end)
  t.advance("5s")
  t.equal(node:instance().state, "FAULT")
  t.match(node:check("mycat.greeting").reason, "accepts connections but sent no greeting for %d+%.%d s: JVM frozen")
  t.equal(accepted, 1)
end)

t.case("a port that does not even accept is told", function()
  local node = master()
  t.advance("10s")
  node.net:hang(ADDRESS)
  t.advance("5s")
  t.equal(node:instance().state, "FAULT")
  t.contains(node:check("mycat.greeting").reason, "does not accept connections")
end)

t.case("a Mycat without network buffers hangs up without a word", function()
  local node = master()
  t.advance("10s")
  node.net:close(ADDRESS)
  t.advance("5s")
  t.contains(node:check("mycat.greeting").reason, "Mycat is out of network buffers and needs a restart")
end)

t.case("a pause for garbage collection below the limit does not flap", function()
  local node = master()
  t.advance("10s")
  -- Two seconds without an answer: two runs fail, the third finds the greeting that came meanwhile.
  node.net:serve(ADDRESS, function(client)
    halua.sleep("1.9s")
    healthy(client)
  end)
  t.advance("3s")
  node.net:serve(ADDRESS, healthy)
  t.advance("30s")
  t.equal(node:instance().state, "MASTER")
  t.equal(node:states(), { "BACKUP", "MASTER" })
end)

t.case("a Mycat that comes back must greet twice before the node serves again", function()
  local node = master()
  t.advance("10s")
  node.net:refuse(ADDRESS)
  t.advance("5s")
  t.equal(node:instance().state, "FAULT")
  node.net:serve(ADDRESS, healthy)
  t.advance("1s")
  t.equal(node:instance().state, "FAULT")
  t.advance("1s")
  t.equal(node:instance().state, "BACKUP")
  t.advance("4s")
  t.equal(node:instance().state, "MASTER")
end)

t.case("another service on the port is named", function()
  local node = master()
  node.net:serve(ADDRESS, { greeting("8.0.36") })
  t.advance("5s")
  t.contains(node:check("mycat.greeting").reason, "is no Mycat: the server calls itself \"8.0.36\"")
end)

t.case("the address moves to the node whose Mycat lives", function()
  local first = master()
  local second = t.node { conf = conf, name = "second", state = "BACKUP" }
  second:process { cmdline = { "java", "-DMYCAT_HOME=/usr/local/mycat", "io.mycat.MycatStartup" } }
  second.net:serve(ADDRESS, healthy)
  t.advance("10s")
  t.equal(first:instance().state, "MASTER")
  t.equal(second:instance().state, "BACKUP")
  first.net:refuse(ADDRESS)
  t.advance("4s")
  t.equal(first:instance().state, "FAULT")
  t.equal(first:instance().holds_vips, false)
  t.equal(second:instance().state, "MASTER")
  t.equal(second:instance().holds_vips, true)
end)
