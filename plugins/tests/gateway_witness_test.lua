--- Tests of gateway_witness.lua. Run them with: halua test plugins/tests/gateway_witness_test.lua

local t = require "halua.test"

local GATEWAY, SWITCH, FIRST, SECOND = "192.0.2.254", "192.0.2.253", "192.0.2.11", "192.0.2.12"

--- `options`: lines of the plugin; `more`: of the instance; `target`: a third one.
local function conf(options, more, target)
  return ([[
lua_plugin gateway_witness {
    targets %s %s %s
    %s
}
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    priority 100
    virtual_ipaddress {
        192.0.2.1/24
    }
    promotion_gate gateway_witness.reach
    %s
}
]]):format(GATEWAY, SWITCH, target or "", options or "", more or "")
end

--- Lets a node see the hosts of a table, address → "arp", "icmp", or "both"; the test may change it. Returns what was
--- asked.
local function see(node, hosts)
  local asked = {}
  local function answerer(kind)
    return function(address, options)
      asked[#asked + 1] = { kind = kind, address = address, interface = options.interface }
      local how = hosts[address]
      if how == kind or how == "both" then
        halua.sleep("1ms")
        return kind == "icmp" and 0.001 or "02:00:00:00:00:01"
      end
      halua.sleep(options.timeout)
      return nil, t.error("timeout", ("%s.ping %s: no answer"):format(kind, address))
    end
  end
  node.net:answer("arp.ping", answerer "arp")
  node.net:answer("ndp.ping", answerer "ndp")
  node.net:answer("icmp.ping", answerer "icmp")
  return asked
end

--- A node that sees these hosts from its first moment on.
local function start(hosts, fields)
  fields = fields or {}
  fields.conf = fields.conf or conf()
  local node = t.node(fields)
  return node, see(node, hosts)
end

t.case("a node that sees its gateway takes the address", function()
  local node, asked = start { [GATEWAY] = "both" }
  t.advance("10s")
  t.equal(node:states(), { "BACKUP", "MASTER" })
  t.equal(node:gate("gateway_witness.reach").state, "allowed")
  t.equal(asked[1].interface, "eth0")
end)

for _, kind in ipairs { "arp", "icmp" } do
  t.case("an answer by " .. kind .. " alone is enough, and of one witness", function()
    local node = start { [SWITCH] = kind }
    t.advance("30s")
    t.equal(node:states(), { "BACKUP", "MASTER" })
  end)
end

t.case("a node that sees nobody does not take it, and says why", function()
  local node = start {}
  t.advance("60s")
  t.equal(node:instance().holds_vips, false)
  t.equal(#node:adverts(), 0)
  t.equal(node:states(), { "BACKUP", "FAULT" })
  t.contains(node:instance().faults[1], "no witness answers on eth0 within 0.4 s: 192.0.2.254, 192.0.2.253")
end)

t.case("the gate alone denies while only a peer answers", function()
  local node = start({ [SECOND] = "both" }, { conf = conf("peers " .. SECOND) })
  t.advance("30s")
  t.equal(node:states(), { "BACKUP" })
  local gate = node:gate "gateway_witness.reach"
  t.equal(gate.state, "denied")
  t.contains(gate.reason, "no witness answers on eth0")
end)

t.case("a master that is cut off lets go before another would take over", function()
  local hosts = { [GATEWAY] = "both", [SECOND] = "both" }
  local node = start(hosts, { conf = conf("peers " .. SECOND) })
  t.advance("10.3s")
  t.equal(node:instance().state, "MASTER")
  hosts[GATEWAY], hosts[SECOND] = nil, nil
  t.advance("2s")
  t.equal(node:instance().state, "MASTER")
  -- A backup of priority 100 takes over 3.6 s after the last advert.
  t.advance("1.5s")
  t.equal(node:instance().state, "FAULT")
  t.equal(node:instance().holds_vips, false)
  hosts[GATEWAY] = "arp"
  t.advance("3s")
  t.equal(node:instance().state, "BACKUP")
  t.advance("4s")
  t.equal(node:states(), { "BACKUP", "MASTER", "FAULT", "BACKUP", "MASTER" })
end)

t.case("two lost answers are no reason to let go", function()
  local hosts = { [GATEWAY] = "both" }
  local node = start(hosts)
  t.advance("10.3s")
  for _ = 1, 5 do
    hosts[GATEWAY] = nil
    t.advance("2s")
    hosts[GATEWAY] = "both"
    t.advance("3s")
  end
  t.equal(node:states(), { "BACKUP", "MASTER" })
end)

t.case("the death of the gateway alone moves nothing", function()
  local everybody = { [GATEWAY] = "both", [FIRST] = "both", [SECOND] = "both" }
  local first = start(everybody, { name = "first", conf = conf("peers " .. SECOND), address = FIRST })
  t.advance("6s")
  local second = start(everybody, { name = "second", conf = conf("peers " .. FIRST), address = SECOND })
  t.advance("6s")
  everybody[GATEWAY] = nil
  t.advance("60s")
  t.equal(first:states(), { "BACKUP", "MASTER" })
  t.equal(second:states(), { "BACKUP" })
end)

t.case("the node that is cut off lets go, the other one takes over, and there is one master afterwards", function()
  local seen_by_first = { [GATEWAY] = "both", [SECOND] = "both" }
  local seen_by_second = { [GATEWAY] = "both", [FIRST] = "both" }
  local first = start(seen_by_first, { name = "first", conf = conf("peers " .. SECOND), address = FIRST })
  t.advance("6s")
  local second = start(seen_by_second, { name = "second", conf = conf("peers " .. FIRST), address = SECOND })
  t.advance("6s")
  first:cut_off()
  seen_by_first[GATEWAY], seen_by_first[SECOND], seen_by_second[FIRST] = nil, nil, nil
  t.advance("6s")
  t.equal(first:instance().state, "FAULT")
  t.equal(second:instance().state, "MASTER")
  first:rejoin()
  seen_by_first[GATEWAY] = "both"
  t.advance("20s")
  t.equal(first:instance().state, "BACKUP")
  t.equal(second:instance().state, "MASTER")
end)

t.case("the peers of unicast count without being named again", function()
  local hosts = { [GATEWAY] = "both", [SECOND] = "icmp" }
  local unicast = ("unicast_src_ip %s\n    unicast_peer {\n        %s\n    }"):format(FIRST, SECOND)
  local node = start(hosts, { conf = conf("", unicast) })
  t.advance("10s")
  hosts[GATEWAY] = nil
  t.advance("30s")
  t.equal(node:states(), { "BACKUP", "MASTER" })
end)

t.case("the virtual address is no witness: a master would answer itself", function()
  local hosts = { [GATEWAY] = "both", ["192.0.2.1"] = "both" }
  local node, asked = start(hosts, { conf = conf("", "", "192.0.2.1") })
  t.advance("10s")
  hosts[GATEWAY] = nil
  t.advance("5s")
  t.equal(node:instance().state, "FAULT")
  for _, question in ipairs(asked) do t.truthy(question.address ~= "192.0.2.1") end
end)

t.case("IPv6 witnesses are asked by neighbour discovery", function()
  local node, asked = start({ ["2001:db8::1"] = "ndp" }, { conf = conf("", "", "2001:db8::1") })
  t.advance("10s")
  t.equal(node:instance().state, "MASTER")
  for _, question in ipairs(asked) do
    t.truthy(question.kind ~= "arp" or not question.address:find(":", 1, true))
  end
end)

t.case("another interface, another name", function()
  local text = conf("interface eth7"):gsub("lua_plugin gateway_witness", "%0 as uplink")
    :gsub("gateway_witness%.reach", "uplink.reach")
  local node, asked = start({ [GATEWAY] = "both" }, { conf = text })
  t.advance("10s")
  t.equal(node:instance().state, "MASTER")
  t.equal(asked[1].interface, "eth7")
end)

t.case("only the instance that is named is demoted", function()
  local text = conf "instance VI_1" .. [[
vrrp_instance VI_2 {
    interface eth1
    virtual_router_id 52
    priority 100
    virtual_ipaddress {
        198.51.100.1/24
    }
}
]]
  local hosts = { [GATEWAY] = "both" }
  local node, asked = start(hosts, { conf = text })
  t.advance("10s")
  hosts[GATEWAY] = nil
  t.advance("10s")
  t.equal(node:instance("VI_1").state, "FAULT")
  t.equal(node:instance("VI_2").state, "MASTER")
  for _, question in ipairs(asked) do t.equal(question.interface, "eth0") end
end)

t.case("several interfaces in one load are said once", function()
  local text = conf() .. [[
vrrp_instance VI_2 {
    interface eth1
    virtual_router_id 52
    priority 100
    virtual_ipaddress {
        198.51.100.1/24
    }
}
]]
  local node = start({ [GATEWAY] = "both" }, { conf = text })
  t.advance("10s")
  t.equal(#node:log "on several interfaces", 1)
end)

t.case("a demoted node stays demoted over a reload, and is restored afterwards", function()
  local hosts = {}
  local node = start(hosts)
  t.advance("10s")
  t.equal(node:instance().state, "FAULT")
  node:reload()
  t.advance("10s")
  t.equal(node:states(), { "BACKUP", "FAULT" })
  hosts[GATEWAY] = "both"
  t.advance("8s")
  t.equal(node:instance().state, "MASTER")
end)

t.case("wrong options are refused with their line", function()
  local function refused(options, words)
    local err = t.raises(function() t.node { conf = conf(options) } end)
    t.match(tostring(err), "conf of [%w]+:3:5: ")
    t.contains(tostring(err), words)
  end
  refused("peers gateway", "peers of plugin gateway_witness takes a list, each an IP address, not \"gateway\"")
  refused("timeout soon", "timeout of plugin gateway_witness takes a duration")
  refused("target 192.0.2.9", "has no option \"target\" (did you mean \"targets\"?)")
  local err = t.raises(function() t.node { conf = "lua_plugin gateway_witness\n" } end)
  t.contains(tostring(err), "needs the option targets (a list, each an IP address)")
end)
