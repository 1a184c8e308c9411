--- Tests of webhook.lua. Run them with: halua test plugins/tests/webhook_test.lua

local t = require "halua.test"

local URL = "https://hooks.example.org/services/T000/SECRET"

local function conf(options, name)
  return ([[
lua_plugin webhook %s {
    url %s
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
]]):format(name or "", URL, table.concat(options or {}, "\n    "))
end

--- A receiver: returns what it got, one decoded body for each request. `answer`: what it says, by number of request.
local function receive(node, answer)
  local got = {}
  node.net:http("POST " .. URL, function(request)
    got[#got + 1] = { json = request.json, headers = request.headers, at = t.now() }
    local said = answer and answer(#got) or { status = 200, body = "ok" }
    if said.kind then return nil, said end
    return said
  end)
  return got
end

local function start(options, answer)
  local node = t.node { conf = conf(options), name = "node1", address = "192.0.2.11" }
  return node, receive(node, answer)
end

--- The texts of what arrived, from Slack's form or the object.
local function texts(got)
  local list = {}
  for index, request in ipairs(got) do
    list[index] = request.json.attachments and request.json.attachments[1].text or request.json.text
  end
  return list
end

--- A second master that does not yield: adverts of a lower priority, every second.
local function contradict(node, from, seconds)
  for _ = 1, seconds do
    node:hear_advert { from = from, priority = 50 }
    t.advance("1s")
  end
end

t.case("Slack is told who holds the address, in Slack's own form", function()
  local node, got = start { 'channel "#db-ops"' }
  t.advance("10s")
  t.equal(node:instance().state, "MASTER")
  t.equal(#got, 1)
  local body = got[1].json
  t.equal(body.channel, "#db-ops")
  t.equal(body.attachments[1].color, "good")
  t.equal(body.attachments[1].text, "*node1* VI_1: holds 192.0.2.1 now (no master was heard)")
end)

t.case("FAULT and its end are told, and nothing of a start", function()
  local node, got = start()
  t.advance("10s")
  node:link(false)
  t.advance("2s")
  node:link(true)
  t.advance("10s")
  local said = texts(got)
  t.equal(#said, 4)
  t.contains(said[2], "VI_1: in FAULT, has given up 192.0.2.1: ")
  t.equal(got[2].json.attachments[1].color, "warning")
  t.equal(said[3], "*node1* VI_1: the fault is over, BACKUP now")
  t.contains(said[4], "holds 192.0.2.1 now")
end)

t.case("a conflict is one message when it begins and one when it is over", function()
  local node, got = start()
  t.advance("10s")
  contradict(node, "192.0.2.12", 5)
  t.equal(#got, 2)
  t.contains(texts(got)[2], "CONFLICT with 192.0.2.12: both claim 192.0.2.1. ")
  t.equal(got[2].json.attachments[1].color, "danger")
  -- Over, and again before it was calm: the same incident.
  t.advance("6s")
  contradict(node, "192.0.2.12", 5)
  t.advance("6s")
  t.equal(#got, 2)
  t.advance("20s")
  t.equal(#got, 3)
  t.match(texts(got)[3], "the conflict with 192.0.2.12 is over after %d+ s, it came 2 times")
  -- A new one.
  contradict(node, "192.0.2.12", 2)
  t.equal(#got, 4)
end)

t.case("a flood of forged masters is told once", function()
  local node, got = start()
  t.advance("10s")
  for number = 1, 40 do node:hear_advert { from = "192.0.2." .. 100 + number, priority = 50 } end
  t.advance("2s")
  t.equal(#got, 1 + 10 + 1)
  t.contains(texts(got)[12], "more than 10 at once")
end)

t.case("format json sends everything that is known", function()
  local node, got = start { "format json" }
  t.advance("10s")
  contradict(node, "192.0.2.12", 1)
  local body = got[2].json
  t.equal(body.event, "conflict")
  t.equal(body.phase, "begin")
  t.equal(body.kind, "dual_master")
  t.equal(body.severity, "critical")
  t.equal(body.host, "node1")
  t.equal(body.instance, "VI_1")
  t.equal(body.state, "MASTER")
  t.equal(body.peer, "192.0.2.12")
  t.equal(body.peer_priority, 50)
  t.equal(body.priority, 100)
  t.equal(body.vips, { "192.0.2.1" })
  t.equal(body.seconds_ago, 0)
  t.truthy(body.time >= 1767225600)
  t.equal(got[1].json.from, "BACKUP")
end)

t.case("fields make the object that the receiver wants", function()
  local _, got = start {
    "format json", "token k3y",
    'fields routing_key=K "payload.summary=<host>: <text>" payload.severity=<severity> payload.ips=<vips> a=<nothing>',
  }
  t.advance("10s")
  t.equal(got[1].json, {
    routing_key = "K", a = "",
    payload = {
      summary = "node1: VI_1: holds 192.0.2.1 now (no master was heard)", severity = "info", ips = "192.0.2.1",
    },
  })
  t.equal(got[1].headers.Authorization or got[1].headers.authorization, "Bearer k3y")
end)

t.case("what cannot be delivered is tried again with growing pauses, in order, and says how old it is", function()
  local node, got = start({}, function(number) return number <= 4 and t.error("refused", "refused") or nil end)
  t.advance("10s")
  node:link(false)
  t.advance("30s")
  local pauses = {}
  for index = 2, 5 do pauses[#pauses + 1] = math.floor(got[index].at - got[index - 1].at + 0.3) end
  t.equal(pauses, { 1, 2, 4, 8 })
  local said = texts(got)
  t.equal(#said, 6)
  t.match(said[5], "holds 192.0.2.1 now .*%(1[4-6] s ago%)")
  t.contains(said[6], "in FAULT")
end)

t.case("a receiver that asks for time gets it", function()
  local _, got = start({}, function(number)
    return number == 1 and { status = 429, headers = { ["retry-after"] = "30" } } or nil
  end)
  t.advance("60s")
  t.equal(#got, 2)
  t.truthy(got[2].at - got[1].at >= 30)
end)

t.case("what is refused for good is not tried again, and the log has no secret", function()
  local node, got = start({ "token T0KEN" }, function(number) return number == 1 and { status = 404 } or nil end)
  t.advance("10s")
  node:link(false)
  t.advance("5s")
  t.equal(#got, 2)
  t.equal(#node:log "is given up", 1)
  t.equal(#node:log " answers 404", 1)
  t.equal(#node:log "hooks.example.org", 1)
  t.equal(#node:log "SECRET", 0)
  t.equal(#node:log "T0KEN", 0)
end)

t.case("a receiver that hangs is left after the timeout, and holds nothing up", function()
  local node, got = start({ "timeout 2s" }, function(number)
    if number <= 2 then halua.sleep "1h" end
  end)
  t.advance("60s")
  t.equal(node:instance().state, "MASTER")
  t.equal(#got, 3)
  t.equal(#node:log "could not be delivered", 2)
end)

t.case("a notice is given up when it is too old", function()
  local node, got = start({ "give_up 20s" }, function() return { status = 503 } end)
  t.advance("10m")
  t.equal(#got, 6)
  t.equal(#node:log "is given up", 1)
end)

t.case("the queue has a limit, and what it left out is said", function()
  local is_away = true
  local node, got = start({ "queue 3" }, function() return is_away and t.error("timeout", "no answer") or nil end)
  t.advance("10s")
  for _ = 1, 3 do
    node:link(false)
    t.advance("2s")
    node:link(true)
    t.advance("8s")
  end
  is_away = false
  local before = #got
  t.advance("90s")
  local said = texts(got)
  t.equal(#said - before, 3)
  t.match(said[before + 1], "%(left out before it: 7%)")
  t.equal(#node:log "the oldest is left out", 7)
end)

t.case("what waits and what is open survives a reload, and nothing is told twice", function()
  local is_away = true
  local node, got = start({}, function() return is_away and t.error("timeout", "no answer") or nil end)
  t.advance("10s")
  contradict(node, "192.0.2.12", 3)
  is_away = false
  node:reload()
  local before = #got
  contradict(node, "192.0.2.12", 20)
  local said = texts(got)
  t.equal(#said - before, 2)
  t.contains(said[before + 1], "holds 192.0.2.1 now")
  t.contains(said[before + 2], "CONFLICT with 192.0.2.12")
  node:reload()
  t.advance("30s")
  t.equal(#got - before, 3)
  t.contains(texts(got)[before + 3], "is over")
end)

t.case("the end of the daemon is told when it is wanted", function()
  local node, got = start { "tell INIT" }
  t.advance("10s")
  node:stop()
  t.equal(texts(got), { "*node1* VI_1: stopped, was MASTER" })
end)

t.case("two receivers: the plugin loaded twice", function()
  local text = conf() .. [[
lua_plugin webhook as pager {
    url https://pager.example.org/
    format json
    tell CONFLICT
}
]]
  local node = t.node { conf = text, name = "node1", address = "192.0.2.11" }
  local got, paged = receive(node), {}
  node.net:http("POST https://pager.example.org/", function(request)
    paged[#paged + 1] = request.json
    return { status = 202 }
  end)
  t.advance("10s")
  contradict(node, "192.0.2.12", 1)
  t.equal(#got, 2)
  t.equal(#paged, 1)
  t.equal(paged[1].event, "conflict")
end)

t.case("Slack's marks in a text are harmless", function()
  local node, got = start()
  t.advance("5s")
  node:link(false)
  t.advance("2s")
  for _, said in ipairs(texts(got)) do t.is_nil(said:match "[<>]") end
end)

t.case("wrong options are refused with their line, and their secrets are not repeated", function()
  local function refused(option, words)
    local err = tostring(t.raises(function() t.node { conf = conf { option } } end))
    t.match(err, "conf of [%w]+:3:5: ")
    t.contains(err, words)
    t.is_nil(err:match "SECRET")
  end
  refused("tell MASTER SPLIT", '"SPLIT" is none of INIT, BACKUP')
  refused("queue 0", "takes 1 to 500")
  refused("timeout 2m", "takes 10 ms to 1m")
  refused("format xml", 'takes "slack" or "json"')
  refused("fields a=b", "needs format json")
  refused("fields SECRET", "each is a name, an equals sign and a text")
  refused("color red", "has no option")
end)
