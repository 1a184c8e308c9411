--- Tests of systemd_unit.lua. Run them with: halua test plugins/tests/systemd_unit_test.lua

local t = require "halua.test"

local function conf(options)
  return [[
lua_plugin systemd_unit as web {
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
        web.active
    }
}
]]
end

local function master(options)
  local node = t.node { conf = conf(options), state = "MASTER" }
  return node, function()
    t.advance("15s")
    t.equal(node:instance().state, "FAULT")
    return node:check("web.active").reason
  end, function()
    t.advance("30s")
    t.equal(node:check("web.active").state, "up")
    t.equal(node:instance().state, "MASTER")
  end
end

--- What systemctl prints for a unit that is well, with changes.
local function unit(node, changes)
  local all = {
    LoadState = "loaded", ActiveState = "active", SubState = "running", Result = "success", ExecMainCode = "0",
    ExecMainStatus = "0", NRestarts = "0", FreezerState = "running",
  }
  for name, value in pairs(changes or {}) do all[name] = value end
  local lines = {}
  for name, value in pairs(all) do lines[#lines + 1] = name .. "=" .. value end
  node.net:exec("systemctl", { code = 0, stdout = table.concat(lines, "\n") .. "\n", stderr = "" })
end

t.case("an active unit keeps the address, and its name is completed", function()
  local node, _, passes = master("unit nginx")
  unit(node)
  passes()
  local seen
  node.net:exec("systemctl", function(arguments)
    seen = arguments[#arguments]
    return { code = 0, stdout = "LoadState=loaded\nActiveState=reloading\nSubState=reload\n", stderr = "" }
  end)
  passes()
  t.equal(seen, "nginx.service")
end)

t.case("each state has its own words", function()
  local node, reason = master("unit nginx.service")
  unit(node, { LoadState = "not-found", ActiveState = "inactive", SubState = "dead" })
  t.equal(reason(), "there is no unit nginx.service on this host")
  unit(node, { LoadState = "masked", ActiveState = "inactive" })
  t.contains(reason(), "is masked")
  unit(node, { ActiveState = "inactive", SubState = "dead" })
  t.equal(reason(), "nginx.service is stopped")
  unit(node, { ActiveState = "failed", Result = "exit-code", ExecMainCode = "1", ExecMainStatus = "203" })
  t.equal(reason(), "nginx.service has failed (exit-code, exit code 203)")
  unit(node, { ActiveState = "failed", Result = "signal", ExecMainCode = "2", ExecMainStatus = "9" })
  t.equal(reason(), "nginx.service has failed (signal, signal 9)")
  unit(node, { ActiveState = "activating", SubState = "auto-restart", Result = "core-dump", ExecMainCode = "3",
    ExecMainStatus = "11", NRestarts = "4" })
  t.equal(reason(), "nginx.service has ended (core-dump, signal 11) and waits to be restarted; 4 restarts so far")
  unit(node, { ActiveState = "activating", SubState = "start-pre" })
  t.equal(reason(), "nginx.service is starting (start-pre)")
  unit(node, { ActiveState = "deactivating", SubState = "stop-sigterm" })
  t.equal(reason(), "nginx.service is stopping (stop-sigterm)")
  unit(node, { FreezerState = "frozen" })
  t.contains(reason(), "is frozen")
end)

t.case("a sub-state can be asked for", function()
  local node, reason, passes = master("unit nginx\nsub running listening")
  unit(node, { SubState = "listening" })
  passes()
  unit(node, { SubState = "exited" })
  t.equal(reason(), "nginx.service is active, but exited and not running or listening")
end)

t.case("a systemd that is not there, hangs, or talks nonsense is told", function()
  local node, reason = master("unit nginx")
  node.net:exec("systemctl", { code = 1, stdout = "", stderr = "Failed to connect to bus: No such file\nmore\n" })
  t.equal(reason(), "systemd does not say how nginx.service is: Failed to connect to bus: No such file")
  node.net:exec("systemctl", function() halua.sleep "1h" end)
  t.contains(reason(), "systemd did not say within 3.6 s how nginx.service is")
  node.net:exec("systemctl", t.error("denied", "systemctl does not exist"))
  t.contains(reason(), "systemd cannot be asked about nginx.service: systemctl does not exist")
  node.net:exec("systemctl", { code = 0, stdout = "\0\255=x\n===\nActiveState\n", stderr = "" })
  t.contains(reason(), "nginx.service is not loaded")
end)

t.case("wrong options are refused with their line", function()
  local function refused(options, pattern)
    t.raises(function() t.node { conf = conf(options) } end, pattern)
  end
  refused("", "needs the option unit")
  refused("unit -x", '2:?%d*: unit of plugin web: "%-x" is no name of a unit')
  refused('unit "a b"', '2:?%d*: unit of plugin web: "a b" is no name of a unit')
  refused("unit a\nsubs running", '3:?%d*: plugin web has no option "subs"')
end)
