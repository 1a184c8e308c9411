--- Tests of mycat.lua. Run them with: halua test plugins/tests/mycat_test.lua

local t = require "halua.test"

local ADDRESS = "127.0.0.1:8066"
local MANAGER = "127.0.0.1:9066"

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
  node.net:accept(MANAGER)
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

t.case("a pause of just less than the limit never flaps, one of more does", function()
  local node = master()
  local is_frozen = false
  node.net:accept(MANAGER)
  node.net:serve(ADDRESS, function(client)
    while is_frozen do halua.sleep("10ms") end
    healthy(client)
  end)
  for _ = 1, 20 do
    t.advance("3.7s")
    is_frozen = true
    t.advance("2.9s")
    is_frozen = false
  end
  t.advance("5s")
  t.equal(node:states(), { "BACKUP", "MASTER" })
  is_frozen = true
  t.advance("4.3s")
  t.equal(node:instance().state, "FAULT")
end)

t.case("two hundred greetings that each take up to 80 % of the timeout are no failure", function()
  local node = master()
  local number = 0
  node.net:serve(ADDRESS, function(client)
    -- All spans from 0 to 0.8 s, in an order that repeats late.
    number = number + 1
    halua.sleep((number * 7919 % 801) / 1000)
    healthy(client)
  end)
  t.advance("200s")
  t.truthy(number >= 190)
  t.equal(node:states(), { "BACKUP", "MASTER" })
  t.equal(node:log("mycat.greeting failed"), {})
end)

t.case("failures that come and go cost the address, too: three of five", function()
  local node = master()
  t.advance("10s")
  local number = 0
  node.net:serve(ADDRESS, function(client)
    number = number + 1
    if number % 2 == 1 then client:close() else healthy(client) end
  end)
  t.advance("5s")
  t.equal(node:instance().state, "FAULT")
  -- Never two good ones in a row: it does not come back.
  t.advance("60s")
  t.equal(node:states(), { "BACKUP", "MASTER", "FAULT" })
end)

t.case("one of two reactors stuck: half of the connections hang, and the one that hangs is waited for", function()
  local node = master()
  node.net:serve(MANAGER, healthy)
  t.advance("10s")
  local number = 0
  node.net:serve(ADDRESS, function(client)
    number = number + 1
    if number % 2 == 1 then client:receive("*a") else healthy(client) end
  end)
  t.advance("6s")
  t.equal(node:instance().state, "FAULT")
  t.contains(node:check("mycat.greeting").reason, MANAGER .. " greets, so the acceptor of the SQL port or one of the")
end)

--- A master whose Mycat accepts and says nothing, with a table of the kernel's sockets; for `span`.
local function silent_master(span, queue, prepare)
  local node, jvm = master()
  t.advance("10s")
  node.net:accept(ADDRESS)
  node.net:accept(MANAGER)
  if queue then
    local nobody = ("0"):rep(32)
    local line = ("   0: %s:1F82 %s:0000 0A 00000000:%08X 00:00000000\n"):format(nobody, nobody, queue)
    node:write_file("/proc/net/tcp6", line)
  end
  if prepare then prepare(node, jvm) end
  t.advance(span)
  t.equal(node:instance().state, "FAULT")
  return node:check("mycat.greeting").reason
end

local function stat(jvm, ticks)
  return ("%d (java (x) y) S 1%s %d 0 0"):format(jvm.pid, (" 0"):rep(9), ticks)
end

t.case("the reason tells a full heap: the JVM computes and answers nobody", function()
  local reason = silent_master("5s", 0, function(node, jvm)
    node:write_file(("/proc/%d/stat"):format(jvm.pid), stat(jvm, 100))
    t.advance("2.5s")
    node:write_file(("/proc/%d/stat"):format(jvm.pid), stat(jvm, 800))
  end)
  t.match(reason, "keeps %d%.%d cores busy and answers nobody: it collects garbage, its heap is full")
end)

t.case("the reason tells a frozen JVM, which computes nothing and accepts nobody", function()
  local reason = silent_master("5s", 4, function(node, jvm)
    node:write_file(("/proc/%d/stat"):format(jvm.pid), stat(jvm, 100))
  end)
  t.match(reason, "no greeting for %d%.%d s, 4 wait to be accepted, nor does 127.0.0.1:9066: the JVM computes nothing")
end)

t.case("the reason tells stuck reactors: what is accepted is not greeted at either port", function()
  t.contains(silent_master("5s", 0), "the JVM accepts, but its reactors are stuck")
end)

t.case("the reason tells a stuck acceptor: the manager's port greets", function()
  local reason = silent_master("5s", 7, function(node) node.net:serve(MANAGER, healthy) end)
  t.contains(reason, "7 wait to be accepted: 127.0.0.1:9066 greets, so the acceptor of the SQL port is stuck")
end)

t.case("the reason tells that no file descriptor is left", function()
  local reason = silent_master("5s", 3, function(node, jvm)
    node:write_file(("/proc/%d/limits"):format(jvm.pid), "Max open files            110       110       files\n")
    node:write_file(("/proc/%d/fd"):format(jvm.pid), ("x"):rep(110))
  end)
  t.contains(reason, "has 110 of 110 file descriptors open, so it can accept nobody")
end)

t.case("the reason tells a wrapper that starts the JVM anew, and how often it has", function()
  local node = t.node { conf = conf, state = "MASTER" }
  node.net:serve(ADDRESS, healthy)
  local wrapper = node:process { name = "wrapper-linux-x", cmdline = { "wrapper", "wrapper.syslog.ident=mycat" } }
  local jvm = node:process {
    parent = wrapper.pid,
    cmdline = { "java", "-DMYCAT_HOME=/usr/local/mycat", "-Dwrapper.jvmid=3", "io.mycat.MycatStartup" },
  }
  t.advance("10s")
  jvm:stop()
  t.advance("1s")
  t.match(node:check("mycat.process").reason, "has ended, which the wrapper had started anew 2 times; its wrapper "
    .. "%(process %d+%) is there and starts it anew")
  wrapper:stop()
  t.advance("2s")
  t.match(node:check("mycat.process").reason, "anew 2 times, and so has its wrapper: nobody starts it anew$")
end)

t.case("a wrapper that is stopped starts nothing anew", function()
  local node = t.node { conf = conf, state = "MASTER" }
  node.net:serve(ADDRESS, healthy)
  local wrapper = node:process { name = "wrapper-linux-x", cmdline = { "wrapper", "wrapper.syslog.ident=mycat" } }
  local jvm = node:process {
    parent = wrapper.pid, cmdline = { "java", "-DMYCAT_HOME=/usr/local/mycat", "io.mycat.MycatStartup" },
  }
  t.advance("10s")
  wrapper:freeze()
  jvm:stop(false)
  t.advance("1s")
  t.match(node:check("mycat.process").reason, "its wrapper %(process %d+%) is stopped and does not start it anew")
end)

t.case("with a grace the wrapper is given time to start the JVM anew", function()
  local node = t.node { conf = conf:gsub("home /usr", "restart_grace 10s\n    home /usr"), state = "MASTER" }
  node.net:serve(ADDRESS, healthy)
  local wrapper = node:process { name = "wrapper-linux-x", cmdline = { "wrapper" } }
  local command = { "java", "-DMYCAT_HOME=/usr/local/mycat", "io.mycat.MycatStartup" }
  local jvm = node:process { parent = wrapper.pid, cmdline = command }
  t.advance("10s")
  jvm:stop()
  t.advance("7s")
  jvm = node:process { parent = wrapper.pid, cmdline = command }
  t.advance("10s")
  t.equal(node:states(), { "BACKUP", "MASTER" })
  jvm:stop()
  t.advance("11.5s")
  t.equal(node:instance().state, "FAULT")
end)

t.case("a second failure within ten minutes is held down, the third for longer", function()
  local node, jvm = master()
  local command = { "java", "-DMYCAT_HOME=/usr/local/mycat", "io.mycat.MycatStartup" }
  local function die_for_a_second()
    jvm:stop()
    t.advance("1s")
    t.equal(node:instance().state, "FAULT")
    jvm = node:process { cmdline = command }
  end
  t.advance("10s")
  die_for_a_second()
  t.advance("3s")
  t.equal(node:instance().state, "BACKUP")
  t.advance("10s")
  die_for_a_second()
  t.advance("8s")
  t.equal(node:instance().state, "FAULT")
  t.match(node:check("mycat.process").reason, "works again, but has failed 2 times of late: kept down for %d s more")
  t.advance("4s")
  t.truthy(node:instance().state ~= "FAULT")
  t.advance("10s")
  die_for_a_second()
  t.advance("18s")
  t.equal(node:instance().state, "FAULT")
  t.advance("5s")
  t.truthy(node:instance().state ~= "FAULT")
end)

t.case("a node whose Mycat has never greeted is in FAULT from its first answer on", function()
  local node = t.node { conf = conf }
  node.net:refuse(ADDRESS)
  node:process { cmdline = { "java", "-DMYCAT_HOME=/usr/local/mycat", "io.mycat.MycatStartup" } }
  t.advance("1s")
  t.equal(node:instance().state, "FAULT")
end)

t.case("a reload in the middle of a pause forgives it as before, and remembers what has failed", function()
  local node, jvm = master()
  t.advance("10s")
  jvm:stop()
  t.advance("1s")
  jvm = node:process { cmdline = { "java", "-DMYCAT_HOME=/usr/local/mycat", "io.mycat.MycatStartup" } }
  t.advance("10s")
  t.equal(node:instance().state, "MASTER")
  local is_frozen = true
  node.net:accept(MANAGER)
  node.net:serve(ADDRESS, function(client)
    while is_frozen do halua.sleep("10ms") end
    healthy(client)
  end)
  t.advance("1s")
  node:reload()
  t.advance("1.5s")
  is_frozen = false
  t.advance("10s")
  t.equal(node:states(), { "BACKUP", "MASTER", "FAULT", "BACKUP", "MASTER" })
  jvm:stop()
  t.advance("1s")
  node:process { cmdline = { "java", "-DMYCAT_HOME=/usr/local/mycat", "io.mycat.MycatStartup" } }
  t.advance("5s")
  t.match(node:check("mycat.process").reason, "has failed 2 times of late: kept down for %d+ s more")
end)

t.case("with peers the address is kept while none of them greets, and given up as soon as one does", function()
  local node = t.node { conf = conf:gsub("home /usr", "peers 192.0.2.7\n    home /usr"), state = "MASTER" }
  node:process { cmdline = { "java", "-DMYCAT_HOME=/usr/local/mycat", "io.mycat.MycatStartup" } }
  node.net:serve(ADDRESS, healthy)
  t.advance("10s")
  node.net:refuse("192.0.2.7:8066")
  node.net:refuse(ADDRESS)
  t.advance("20s")
  t.equal(node:instance().state, "MASTER")
  t.equal(#node:log("no other node could serve: the address stays here"), 1)
  node.net:serve("192.0.2.7:8066", healthy)
  t.advance("2s")
  t.equal(node:instance().state, "FAULT")
end)

t.case("a Mycat that was just started is not ready, one that greets and has its age is", function()
  local text = conf:gsub("priority 100", "priority 100\n    promotion_gate mycat.ready")
  local node = t.node { conf = text }
  node.net:serve(ADDRESS, healthy)
  node:process { cmdline = { "java", "-DMYCAT_HOME=/usr/local/mycat", "io.mycat.MycatStartup" } }
  node:write_file("/proc/uptime", "4.00 8.00\n")
  t.advance("12s")
  t.equal(node:instance().state, "BACKUP")
  t.match(node:gate("mycat.ready").reason, "the JVM was started %d s ago: it gets 10 s")
  node:write_file("/proc/uptime", "400000.00 8.00\n")
  t.advance("8s")
  t.equal(node:instance().state, "MASTER")
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

t.case("options that no check could work with are refused", function()
  for line, words in pairs {
    ["failures 6"] = "takes 1 to window, which is 5",
    ["port 0"] = "takes 1 to 65535, not 0",
    ["datanode_weight 5"] = "takes -253 to -1, not 5",
    ["pause 0s"] = "takes a time above 0",
    ["pauze 1s"] = "pauze",
  } do
    local err = t.raises(function() t.node { conf = conf:gsub("home /usr", line .. "\n    home /usr") } end)
    t.contains(tostring(err), words)
  end
end)
