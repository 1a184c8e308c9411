--- Tests of exec.lua. Run them with: halua test plugins/tests/exec_test.lua

local t = require "halua.test"

local function conf(options)
  return [[
lua_plugin exec as load {
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
        load.result
    }
}
]]
end

local COMMAND = "command /usr/lib/nagios/plugins/check_load -w 5 -c 9\n"

local function master(options)
  local node = t.node { conf = conf(COMMAND .. (options or "")), state = "MASTER" }
  local function says(result) node.net:exec("/usr/lib/nagios/plugins/check_load", result) end
  return node, says, function()
    t.advance("45s")
    t.equal(node:instance().state, "FAULT")
    return node:check("load.result").reason
  end, function()
    t.advance("60s")
    t.equal(node:check("load.result").state, "up")
    t.equal(node:instance().state, "MASTER")
  end
end

local function ended(code, stdout, stderr)
  return { code = code, stdout = stdout or "", stderr = stderr or "" }
end

t.case("OK and WARNING keep the address, CRITICAL three times costs it, and OK twice brings it back", function()
  local node, says, reason, passes = master()
  says(ended(0, "OK - load average: 0.1\n"))
  passes()
  says(ended(1, "WARNING - load average: 6\n"))
  passes()
  says(ended(2, "CRITICAL - load average: 12|load1=12;5;9;0;\nmore\n"))
  t.advance("20s")
  t.equal(node:instance().state, "MASTER")
  t.equal(reason(), "check_load says CRITICAL: CRITICAL - load average: 12")
  says(ended(0))
  passes()
end)

t.case("WARNING fails when the operator says so", function()
  local _, says, reason = master("warning fail")
  says(ended(1, "WARNING - load average: 6\n"))
  t.equal(reason(), "check_load says WARNING: WARNING - load average: 6")
end)

t.case("UNKNOWN keeps the state and shows as an error", function()
  local node, says, reason = master()
  says(ended(0))
  t.advance("10s")
  says(ended(3, "UNKNOWN - no arguments\n"))
  t.advance("60s")
  t.equal(node:instance().state, "MASTER")
  t.equal(node:check("load.result").state, "error")
  t.contains(node:check("load.result").reason, "check_load says UNKNOWN: UNKNOWN - no arguments")
  says(t.error("denied", "it does not exist"))
  t.advance("60s")
  t.equal(node:instance().state, "MASTER")
  t.contains(node:check("load.result").reason, "check_load cannot be started: it does not exist")
  says(ended(127, "", "sh: nothing: not found\n"))
  t.advance("20s")
  t.contains(node:check("load.result").reason, "ended with code 127, which has no meaning: sh: nothing: not found")
  says(ended(2, "CRITICAL\n"))
  t.contains(reason(), "says CRITICAL")
end)

t.case("UNKNOWN fails when the operator says so", function()
  local _, says, reason = master("unknown fail")
  says(ended(3))
  t.equal(reason(), "check_load says UNKNOWN: it printed nothing")
end)

t.case("plain exit codes are good or bad", function()
  local _, says, reason, passes = master("codes plain")
  says(ended(0))
  passes()
  says(ended(1, "", "no route\n"))
  t.equal(reason(), "check_load ended with code 1: no route")
  says(ended(0))
  passes()
  says(t.error("denied", "it does not exist"))
  t.contains(reason(), "cannot be started: it does not exist")
end)

t.case("a program that hangs, or is ended by a signal, has failed", function()
  local _, says, reason = master()
  says(function() halua.sleep "1h" end)
  t.contains(reason(), "check_load did not end within 7.6 s")
  says({ signal = 11, stdout = "", stderr = "" })
  t.equal(reason(), "check_load was ended by signal 11: it printed nothing")
end)

t.case("garbage and long lines make a reason that can be read", function()
  local _, says, reason = master()
  says(ended(2, "\n\27[31mbad\0\1" .. ("x"):rep(1000) .. "|'='=;;;=\n"))
  local text = reason()
  t.contains(text, "says CRITICAL:  [31mbad  xxx")
  t.truthy(#text < 400)
end)

t.case("performance data in any shape does no harm", function()
  local _, says, _, passes = master()
  for _, data in ipairs {
    "load1=0.5;5;9;0; load5=1.25ms;;", "'a b'=12% 'c=1", "=", "x=U;; y=3", "a=1.2.3 b=4", "'", "a=b=c d=5", "\0=1",
  } do
    says(ended(0, "OK | " .. data .. "\n"))
    t.advance("10s")
  end
  passes()
end)

t.case("wrong options are refused with their line", function()
  local function refused(options, pattern)
    t.raises(function() t.node { conf = conf(options) } end, pattern)
  end
  refused("", "needs the option command")
  refused("command ./check", '2:?%d*: command of plugin load: the program is a whole path or a name .* not "%./check"')
  refused("command bin/check", "2:?%d*: command of plugin load: the program is a whole path")
  refused(COMMAND .. "codes unix", '3:?%d*: codes of plugin load takes "nagios" or "plain"')
  refused(COMMAND .. "env WARN", '3:?%d*: env of plugin load: takes texts such as "NAME=value", not "WARN"')
  refused(COMMAND .. "directory here", "3:?%d*: directory of plugin load takes a path")
end)
