--- Tests of process.lua. Run them with: halua test plugins/tests/process_test.lua

local t = require "halua.test"

local function conf(options)
  return [[
lua_plugin process as nginx {
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
        nginx.running
    }
}
]]
end

local function master(options)
  local node = t.node { conf = conf(options), state = "MASTER" }
  return node, function() return node:check("nginx.running").reason end
end

t.case("a program that runs keeps the address; its end costs it at once; its return brings it back", function()
  local node, reason = master("name nginx")
  local nginx = node:process { name = "nginx" }
  t.advance("30s")
  t.equal(node:instance().state, "MASTER")
  t.equal(node:check("nginx.running").state, "up")
  t.advance("0.3s")
  nginx:stop()
  t.advance(0)
  t.equal(node:instance().state, "FAULT")
  t.equal(reason(), ("nginx does not run: process %d has ended"):format(nginx.pid))
  node:process { name = "nginx" }
  t.advance("10s")
  t.equal(node:instance().state, "MASTER")
end)

t.case("a zombie does not count, and neither does a stopped process", function()
  local node, reason = master("exe /usr/sbin/nginx")
  local nginx = node:process { exe = "/usr/sbin/nginx" }
  t.advance("10s")
  nginx:freeze()
  t.advance("2s")
  t.equal(node:instance().state, "FAULT")
  t.equal(reason(), ("/usr/sbin/nginx: process %d is stopped and does nothing until it is continued"):format(nginx.pid))
  nginx:thaw()
  t.advance("10s")
  t.equal(node:instance().state, "MASTER")
  nginx:stop(false)
  t.advance("2s")
  t.equal(node:instance().state, "FAULT")
end)

t.case("a program that never ran is told as that", function()
  local node, reason = master("cmdline io.mycat.MycatStartup org.opencloudb.MycatStartup")
  t.advance("3s")
  t.equal(node:instance().state, "FAULT")
  t.equal(reason(), "io.mycat.MycatStartup or org.opencloudb.MycatStartup does not run")
end)

t.case("there can be too few and too many", function()
  local node, reason = master("name php-fpm\nmin 2\nmax 3")
  node:process { name = "php-fpm" }
  t.advance("3s")
  t.equal(reason(), "php-fpm: 1 processes run, needs 2")
  for _ = 1, 2 do node:process { name = "php-fpm" } end
  t.advance("5s")
  t.equal(node:check("nginx.running").state, "up")
  node:process { name = "php-fpm" }
  t.advance("3s")
  t.equal(reason(), "php-fpm: 4 processes run, and 3 are allowed")
end)

t.case("a pid file is followed", function()
  local node, reason = master("pidfile /run/nginx.pid")
  local nginx = node:process { name = "nginx" }
  node:write_file("/run/nginx.pid", nginx.pid .. "\n")
  t.advance("10s")
  t.equal(node:instance().state, "MASTER")
  node:write_file("/run/nginx.pid", "garbage\0\255")
  t.advance("3s")
  t.equal(node:instance().state, "FAULT")
  t.contains(reason(), "the program of /run/nginx.pid does not run")
end)

t.case("wrong options are refused with their line", function()
  local function refused(options, pattern)
    t.raises(function() t.node { conf = conf(options) } end, pattern)
  end
  refused("", "1:?%d*: name of plugin nginx: say which process")
  refused("name a\nexe /b", '3:?%d*: exe of plugin nginx: the process is described by "name" already')
  refused("exe nginx", "2:?%d*: exe of plugin nginx takes a path that begins with /, not \"nginx\"")
  refused("name nginx-the-great-one", "2:?%d*: name of plugin nginx: the kernel keeps 15 octets")
  refused("name a\nmin 0", "3:?%d*: min of plugin nginx: takes 1 or more")
  refused("name a\nmin 3\nmax 2", "4:?%d*: max of plugin nginx: takes 0, or at least min %(3%)")
end)
