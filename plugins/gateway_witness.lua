--- Gateway witness: a node that is cut off from everything must neither take nor keep the addresses.
--
-- keepalived.conf:
--
--   lua_plugin gateway_witness {
--       targets 192.168.4.1 192.168.4.254   # the gateway, a switch: who is there whatever the nodes do
--       peers 192.168.4.195                 # the other nodes of the group (leave this node's own address out)
--   }
--   vrrp_instance VI_1 {
--       ...
--       promotion_gate gateway_witness.reach
--   }
--
-- To take: when the master has fallen silent, the gate asks the targets before this node becomes MASTER. No answer
-- means that the fault may be on this side: it stays BACKUP and is asked again after a master down interval.
--
-- To keep: the check asks the targets and the peers every second. When nobody has answered three times in a row, the
-- node goes to FAULT and gives the addresses up, about three seconds after the cut: before the others have missed
-- three adverts. Peers count here, so that the death of the gateway alone moves nothing. Without unicast a master
-- never hears the other nodes, so name them in `peers`.
--
-- Each is asked by ARP (neighbour discovery for IPv6) and by ICMP, side by side, through the interface of the
-- instance; one answer of anybody is enough. ARP needs no rule in a firewall, ICMP reaches behind a router.
--
-- What it does NOT catch: adverts that are lost while everything else passes, as when a firewall or a switch drops
-- multicast alone. Then both nodes see every witness, and the gate allows. Two masters are seen by what the core
-- does itself (it asks by ARP who has the address, and tells a conflict), or prevented by a lock outside.
-- It also does not say whether clients reach the node by another way than through these witnesses.
--
-- What it costs: when all targets are dead and the master dies as well, nobody takes over. Name two targets.
--
-- One load of the plugin watches one link. For instances on several interfaces load it once for each:
-- `lua_plugin gateway_witness as witness_b { instance VI_2 … }`.

local halua = require "halua"

local opt = halua.options {
  targets = halua.required "addresses",
  peers = halua.optional "addresses",
  -- Where to ask, when it is not the interface of the instance.
  interface = halua.optional "string",
  -- The instance that the gate is for and that is demoted.
  instance = halua.ANY,
  -- How long the witnesses are waited for. A takeover takes at most this much longer.
  timeout = "500ms",
}

local shortest, longest = 0.01, 60
local timeout = halua.seconds(opt.timeout)
if timeout < shortest or timeout > longest then halua.refuse("timeout", "takes 10 ms to 60 s") end
if opt.interface == "" then halua.refuse("interface", "must be the name of an interface") end
for _, name in ipairs { "targets", "peers" } do
  for _, address in ipairs(opt[name]) do
    local first = tonumber(address:match "^(%d+)%.")
    -- Nobody's address, or many's (RFC 5771, RFC 4291).
    if address == "0.0.0.0" or address:find "^[0:]+$" or address:find "^[fF][fF]" or first and first >= 224 then
      halua.refuse(name, ("takes addresses of single hosts, and %s is none"):format(address))
    end
  end
end

--- Whether anybody answers on one of the interfaces before the deadline: true, or false and the reason.
local function answers(addresses, interfaces, deadline)
  -- A little less than what is left, so that the reason is told here and not by the deadline.
  local limit = math.max(0.01, (deadline - halua.now()) * 0.8)
  local probes = {}
  for _, interface in ipairs(interfaces) do
    for _, address in ipairs(addresses) do
      local ask_link = address:find(":", 1, true) and halua.ndp.ping or halua.arp.ping
      for _, ping in ipairs { ask_link, halua.icmp.ping } do
        probes[#probes + 1] = function() return ping(address, { interface = interface, timeout = limit }) end
      end
    end
  end
  if #probes == 0 then return false, "there is no witness to ask but this node's own addresses" end
  local answer, err = halua.any(probes)
  if answer then return true end
  local where = table.concat(interfaces, ", ")
  if err.kind == "timeout" then
    return false, ("no witness answers on %s within %.1f s: %s"):format(where, limit, table.concat(addresses, ", "))
  end
  return false, ("no witness answers on %s: %s"):format(where, err.message)
end

--- The addresses of a list without doubles and without the virtual ones: whoever is master would answer itself.
local function witnesses(addresses, instances)
  local left_out, kept = {}, {}
  for _, vi in ipairs(instances) do
    for _, vip in ipairs(vi.vips) do left_out[vip] = true end
  end
  for _, address in ipairs(addresses) do
    if not left_out[address] then
      left_out[address] = true
      kept[#kept + 1] = address
    end
  end
  return kept
end

-- To take ---------------------------------------------------------------------------------------------------------

halua.gate.promote {
  name = "reach",
  instance = opt.instance,
  timeout = opt.timeout, on_timeout = "deny", on_error = "deny",
  run = function(ctx)
    return answers(witnesses(opt.targets, { ctx.instance }), { opt.interface or ctx.instance.interface }, ctx.deadline)
  end,
}

-- To keep ---------------------------------------------------------------------------------------------------------

--- Where to ask for these instances. Several interfaces are said once: one answer on any of them is enough for all.
local has_warned = false
local function links(instances)
  if opt.interface then return { opt.interface } end
  local seen, list = {}, {}
  for _, vi in ipairs(instances) do
    if not seen[vi.interface] then
      seen[vi.interface] = true
      list[#list + 1] = vi.interface
    end
  end
  if #list > 1 and not has_warned then
    has_warned = true
    halua.log.warn("the instances are on several interfaces, and an answer on one counts for all: load the plugin "
      .. "once for each, with `instance`", { interfaces = table.concat(list, ", ") })
  end
  return list
end

halua.check {
  name = "reach",
  interval = "1s", timeout = opt.timeout, fall = 3, rise = 3,
  run = function(ctx)
    local instances = halua.instances(opt.instance)
    local everyone = { table.unpack(opt.targets) }
    table.move(opt.peers, 1, #opt.peers, #everyone + 1, everyone)
    for _, vi in ipairs(instances) do
      table.move(vi.peers, 1, #vi.peers, #everyone + 1, everyone)
    end
    return answers(witnesses(everyone, instances), links(instances), ctx.deadline)
  end,
}

-- Whoever hears nobody lets go: either the other side serves, or nobody can be served.
halua.on.check("reach", function(ev)
  for _, vi in ipairs(halua.instances(opt.instance)) do
    if ev.ok then vi:restore("reach") else vi:demote("reach", ev.reason) end
  end
end)
