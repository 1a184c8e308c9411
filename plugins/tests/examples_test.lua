--- Every example in conf.d that uses a plugin becomes MASTER where all is well: its options hold, its checks are there.

local t = require "halua.test"

local function says(text)
  return function(client)
    client:receive("*l")
    client:send(text)
    client:close()
  end
end

local function variables(values)
  local rows = {}
  for name, value in pairs(values) do rows[#rows + 1] = { Variable_name = name, Value = value } end
  return rows
end

-- The folder of each example, a world in which all is well, and the checks that it tracks. A list and no table by
-- names: the file is run for each case, and the cases must come in the same order each time.
local EXAMPLES = {
  { "disk", { "data.space", "data.inodes", "data.write" }, function(node)
    node.net:answer("file.free", {
      total = 100, free = 50, available = 50, inodes = 100, free_inodes = 50, read_only = false,
    })
    node.net:exec("dd", { code = 0 })
  end },
  { "exec", { "load.result", "uplink.result" }, function(node)
    node.net:exec("/usr/lib/nagios/plugins/check_load", { code = 0, stdout = "OK\n" })
    node.net:exec("/usr/local/bin/uplink-is-there", { code = 0 })
  end },
  { "haproxy", { "lb.alive", "lb.backends" }, function(node)
    node.net:serve("/run/haproxy/admin.sock", function(client)
      local command = client:receive("*l")
      client:send(command == "show info" and "Name: HAProxy\nUptime_sec: 1\n\n"
        or "# pxname,svname,status,type,\nshop,w1,UP,2,\napi,w1,UP,2,\n\n")
      client:close()
    end)
  end },
  { "http", { "shop.answer" }, function(node)
    node.net:http("https://shop.example.org/health", { status = 200, body = "database: ok" })
  end },
  { "mail", {}, function(node) node.net:mail("mail.example.org:25") end },
  { "mysql", { "db.alive", "db.writable", "db.replication" }, function(node)
    node.net:mysql("/run/mysqld/mysqld.sock", {
      ["SELECT 1"] = { { ["1"] = 1 } }, ["SHOW ALL SLAVES STATUS"] = {}, ["*"] = variables { read_only = "OFF" },
    })
  end },
  { "process", { "nginx.running" }, function(node)
    for _ = 1, 2 do node:process { exe = "/usr/sbin/nginx" } end
  end },
  { "systemd_unit", { "web.active" }, function(node)
    node.net:exec("systemctl", { code = 0, stdout = "LoadState=loaded\nActiveState=active\nSubState=running\n" })
  end },
  { "tcp", { "redis.connect" }, function(node)
    node.net:serve("127.0.0.1:6379", says("+PONG\r\n"))
  end },
}

for _, example in ipairs(EXAMPLES) do
  local folder, checks, prepare = table.unpack(example)
  for number = 1, 2 do
    local file = ("%s/node%d.conf"):format(folder, number)
    t.case("the example " .. file .. " becomes MASTER where all is well", function()
      local node = t.node { conf = "../../conf.d/" .. file }
      prepare(node)
      t.advance("60s")
      t.equal(node:instance().state, "MASTER")
      for _, name in ipairs(checks) do t.equal(node:check(name).state, "up") end
    end)
  end
end
