--- Tests of mail.lua. Run them with: halua test plugins/tests/mail_test.lua

local t = require "halua.test"

local SERVER = "192.0.2.25:25"

local function conf(options, name)
  return ([[
lua_plugin mail %s {
    server 192.0.2.25
    to ops@example.org
    %s
    node node1
}
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    priority 100
    virtual_ipaddress {
        192.0.2.1/24
    }
}
]]):format(name or "", table.concat(options or {}, "\n    "))
end

--- A node and the list of what its mail server has taken.
local function start(options, what)
  local node = t.node { conf = conf(options), name = "node1", address = "192.0.2.11" }
  return node, node.net:mail(SERVER, what)
end

local function subjects(taken)
  local list = {}
  for index, mail in ipairs(taken) do list[index] = mail.subject end
  return list
end

--- Takes the node through FAULT and back to MASTER, in ten seconds.
local function flap(node)
  node:link(false)
  t.advance("2s")
  node:link(true)
  t.advance("8s")
end

t.case("a mail says who holds the address, and why", function()
  local _, taken = start { "from halua@example.org", "cc b@example.org" }
  t.advance("10s")
  t.equal(#taken, 1)
  local mail = taken[1]
  t.equal(mail.to, { "ops@example.org" })
  t.equal(mail.cc, { "b@example.org" })
  t.equal(mail.from, "halua@example.org")
  t.equal(mail.subject, "[node1] VI_1: holds 192.0.2.1 now (no master was heard)")
  t.equal(mail.body, [[
VI_1: holds 192.0.2.1 now (no master was heard)

node       node1
instance   VI_1
state      MASTER, was BACKUP
reason     no master was heard
priority   100
addresses  192.0.2.1
time       2026-01-01 00:00:03 UTC
]])
end)

t.case("FAULT and its end are told, and nothing of a start", function()
  local node, taken = start()
  t.advance("10s")
  flap(node)
  local said = subjects(taken)
  t.equal(#said, 4)
  t.contains(said[2], "[node1] VI_1: in FAULT, has given up 192.0.2.1: ")
  t.equal(said[3], "[node1] VI_1: the fault is over, BACKUP now")
  t.contains(said[4], "holds 192.0.2.1 now")
end)

t.case("a conflict is one mail when it begins and one when it is over", function()
  local node, taken = start { "tell CONFLICT" }
  t.advance("10s")
  for _ = 1, 5 do
    node:hear_advert { from = "192.0.2.12", priority = 50 }
    t.advance("1s")
  end
  t.equal(#taken, 1)
  t.contains(taken[1].subject, "CONFLICT with 192.0.2.12: both claim 192.0.2.1. ")
  t.contains(taken[1].body, "other node 192.0.2.12")
  t.advance("30s")
  t.equal(#taken, 2)
  t.contains(taken[2].subject, "the conflict with 192.0.2.12 is over after")
end)

t.case("a node that flaps sends some mails at once, then one a minute with all that happened", function()
  local node, taken = start { "burst 3", "pause 1m" }
  t.advance("10s")
  for _ = 1, 12 do flap(node) end
  t.advance("70s")
  -- Three, one for each of the two minutes, and one for what came last.
  t.truthy(#taken <= 6, #taken .. " mails")
  t.match(taken[4].subject, "^%[node1%] %d+ notices, the last one: VI_1: ")
  t.match(taken[4].body, "UTC  VI_1: .*\n2026.*UTC  VI_1: ")
  -- Nothing got lost: 1 + 12 × 3 notices.
  local told = 0
  for _, mail in ipairs(taken) do told = told + (tonumber(mail.subject:match "(%d+) notices") or 1) end
  t.equal(told, 37)
end)

t.case("what cannot be delivered is tried again with growing pauses, and not for ever", function()
  local tries = {}
  local node, taken = start({ "give_up 20s" }, function()
    tries[#tries + 1] = t.now()
    return nil, t.error("denied", "451 4.7.1 come later", 451)
  end)
  t.advance("5m")
  local pauses = {}
  for index = 2, 5 do pauses[#pauses + 1] = math.floor(tries[index] - tries[index - 1] + 0.3) end
  t.equal(pauses, { 1, 2, 4, 8 })
  t.equal(#taken, 0)
  t.equal(#node:log "a notice for 192.0.2.25 is given up: 451 4.7.1 come later", 1)
end)

t.case("what the server refuses for good is not tried again", function()
  local tries = 0
  local node = start({}, function()
    tries = tries + 1
    return nil, t.error("denied", "550 5.1.1 unknown user", 550)
  end)
  t.advance("60s")
  t.equal(tries, 1)
  t.equal(#node:log "is given up: 550 5.1.1 unknown user", 1)
end)

t.case("a recipient who is refused is said, and the mail counts as sent", function()
  local node, taken = start({ "cc no@example.org" }, function()
    return true, t.error("denied", "no@example.org: 550 5.1.1 unknown user", 550)
  end)
  t.advance("60s")
  t.equal(#taken, 1)
  t.equal(#node:log "some recipients got no mail: no@example.org: 550", 1)
end)

t.case("a server that hangs is left after the timeout, and holds nothing up", function()
  local tries = 0
  local node, taken = start({ "timeout 20s" }, function()
    tries = tries + 1
    if tries <= 2 then halua.sleep "1h" end
    return true
  end)
  t.advance("60s")
  t.equal(node:instance().state, "MASTER")
  t.equal(#taken, 1)
  t.equal(#node:log "could not be delivered", 2)
end)

t.case("what waits survives a reload, and goes out in one mail when the server is back", function()
  local is_away = true
  local node, taken = start({ "burst 2" }, function()
    if is_away then return nil, t.error("refused", "connection refused") end
    return true
  end)
  t.advance("10s")
  flap(node)
  is_away = false
  node:reload()
  t.advance("30s")
  t.equal(#taken, 1)
  t.contains(taken[1].subject, "[node1] 4 notices, the last one: VI_1: holds 192.0.2.1 now")
end)

t.case("the queue has a limit, and what it left out is said", function()
  local is_away = true
  local node, taken = start({ "queue 3" }, function()
    if is_away then return nil, t.error("refused", "connection refused") end
    return true
  end)
  t.advance("10s")
  for _ = 1, 3 do flap(node) end
  is_away = false
  t.advance("90s")
  t.equal(#taken, 3)
  t.contains(taken[1].body, "Left out before it, because too many waited: 7")
  t.equal(#node:log "the oldest is left out", 7)
end)

t.case("the end of the daemon is told when it is wanted, with all that still waits", function()
  local node, taken = start { "tell INIT" }
  t.advance("10s")
  node:stop()
  t.equal(subjects(taken), { "[node1] VI_1: stopped, was MASTER" })
end)

t.case("in keepalived's form the subjects and first lines are keepalived's", function()
  local node, taken = start { "form keepalived", "tell MASTER BACKUP FAULT", "instances * VG=VI_1", "burst 50" }
  t.advance("10s")
  flap(node)
  t.equal(subjects(taken), {
    "[node1] VRRP Group VG - Entering BACKUP state", "[node1] VRRP Instance VI_1 - Entering BACKUP state",
    "[node1] VRRP Instance VI_1 - Entering MASTER state", "[node1] VRRP Group VG - Entering MASTER state",
    "[node1] VRRP Instance VI_1 - Entering FAULT state", "[node1] VRRP Group VG - Entering FAULT state",
    "[node1] VRRP Instance VI_1 - Entering BACKUP state", "[node1] VRRP Group VG - Entering BACKUP state",
    "[node1] VRRP Instance VI_1 - Entering MASTER state", "[node1] VRRP Group VG - Entering MASTER state",
  })
  t.match(taken[3].body, "^=> VRRP Instance is now owning VRRP VIPs <=\n\nnode ")
  t.match(taken[4].body, "^=> All VRRP group instances are now in MASTER state <=\n\n")
  t.match(taken[5].body, "^=> VRRP Instance is no longer owning VRRP VIPs <=\n\n")
end)

t.case("keepalived tells a state that it has told last not again", function()
  local node, taken = start { "form keepalived", "tell MASTER" }
  t.advance("10s")
  flap(node)
  t.equal(#taken, 1)
end)

local KEEPALIVED = [[
global_defs {
    router_id LVS_A
    notification_email {
        ops@example.org
        oncall@example.org
    }
    smtp_server 192.0.2.25 2525
    smtp_connect_timeout 5
    smtp_helo_name node1.example.org
    no_email_faults
}
vrrp_sync_group VG_1 {
    smtp_alert
    group {
        VI_1
    }
}
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    smtp_alert
    virtual_ipaddress {
        192.0.2.1/24
    }
}
vrrp_instance VI_2 {
    interface eth0
    virtual_router_id 52
    virtual_ipaddress {
        192.0.2.2/24
    }
}
]]

t.case("keepalived's own words are enough", function()
  local node = t.node { conf = KEEPALIVED, name = "node1", address = "192.0.2.11" }
  local taken = node.net:mail "192.0.2.25:2525"
  t.advance("10s")
  t.equal(subjects(taken), {
    "[LVS_A] VRRP Group VG_1 - Entering BACKUP state", "[LVS_A] VRRP Instance VI_1 - Entering BACKUP state",
    "[LVS_A] VRRP Instance VI_1 - Entering MASTER state", "[LVS_A] VRRP Group VG_1 - Entering MASTER state",
  })
  t.equal(taken[1].to, { "ops@example.org", "oncall@example.org" })
  t.match(taken[1].from, "^root@")
  t.equal(taken[1].helo, "node1.example.org")
  t.equal(taken[1].timeout, "5s")
  -- No mail of a fault; and none of the state that was mailed last.
  node:link(false)
  t.advance("5s")
  t.equal(#taken, 4)
  -- A reload tells nothing anew.
  node:reload()
  t.advance("5s")
  t.equal(#taken, 4)
end)

t.case("only the instances that are named are told of", function()
  local node, taken = start { "instances VI_2" }
  t.advance("10s")
  t.equal(#taken, 0)
  t.equal(#node:log "there is no vrrp_instance VI_2: nothing is mailed about it", 1)
end)

t.case("a check that fails, and is well again, is told", function()
  local text = conf { "tell CONFLICT", "checks tcp.connect" } .. [[
lua_plugin tcp {
    port 6379
}
]]
  local node = t.node { conf = text, name = "node1", address = "192.0.2.11" }
  local taken = node.net:mail(SERVER)
  node.net:accept("127.0.0.1:6379")
  t.advance("20s")
  t.equal(subjects(taken), {})
  node.net:refuse("127.0.0.1:6379")
  t.advance("20s")
  t.equal(#taken, 1)
  t.match(taken[1].subject, "^%[node1%] check tcp.connect is down: ")
  node.net:accept("127.0.0.1:6379")
  t.advance("20s")
  t.equal(subjects(taken)[2], "[node1] check tcp.connect is up again")
end)

t.case("wrong options are refused with their line", function()
  local function refused(option, said)
    local err = tostring(t.raises(function() t.node { conf = conf { option } } end))
    t.match(err, "conf of [%w]+:4:5: ")
    t.contains(err, said)
  end
  refused("cc Ops<ops@example.org>", '"Ops<ops@example.org>" is no mail address')
  refused("from a@b@c", "is no mail address")
  refused("tell MASTER SPLIT", '"SPLIT" is none of INIT, BACKUP')
  refused("tls maybe", 'takes "off" or "starttls" or "smtps"')
  refused("user halua", "needs tls starttls or smtps")
  refused("password secret", "needs a user")
  refused("burst 0", "takes 1 to 100")
  refused("pause 10ms", "takes 1s at least")
  refused("timeout 10m", "takes 5m at most")
  refused("instances VG=", "is no group")
  refused("checks tcp", '"tcp" is no check')
  refused("helo a/b", "is the name of a host")
  refused("subject x", "has no option")
  local err = tostring(t.raises(function() t.node { conf = (conf():gsub("server [^\n]+", "server a:b")) } end))
  t.match(err, ":2:5: .*is a host, or a host and a port")
end)
