--- halua.on.*: functions that are called when something has happened.

--- The entry of one kind of hook. `class`: what the hook is called with.
local function hook(moment, class, text, more)
  more = more or {}
  local run = ("async fun(ev: %s)"):format(class)
  local fields = { { name = "run", type = run, required = true, text = "What to do." } }
  if not more.global then
    fields[#fields + 1] = { name = "instance", type = "string", default = "every instance",
      text = "Only news of this instance; `halua.ANY` for every one." }
  end
  fields[#fields + 1] = { name = "timeout", type = "halua.Duration", default = '"10s"',
    text = "How long one call may take before it is ended." }
  return {
    name = "on." .. moment, phase = "loading", text = text, params = more.params, fields = fields,
    instead = { name = "run", type = run, text = "The function alone." },
    returns = {},
    example = more.example,
  }
end

--- What every event has, and what instances add to it.
local function common(more, without_instance)
  local fields = {
    { name = "event", type = "string",
      text = "What kind: `transition`, `priority`, `conflict`, `guard`, `peer`, `check`, `reload` or `shutdown`." },
    { name = "seq", type = "integer",
      text = "Its number, without gaps: for each instance (or check) and each kind on its own." },
    { name = "at", type = "number", text = "When it was, on the clock of `halua.now`." },
    { name = "dropped", type = "integer", text = "How many events of this kind right before it were left out." },
    { name = "current", type = "boolean", text = "Live: false as soon as there is a newer one." },
  }
  if not without_instance then
    fields[#fields + 1] = { name = "instance", type = "halua.Instance", text = "The instance." }
    fields[#fields + 1] = { name = "priority", type = "integer", text = "The priority of this node then." }
    fields[#fields + 1] = { name = "vips", type = "string[]",
      text = "The virtual addresses, without prefix lengths." }
  end
  return table.move(more, 1, #more, #fields + 1, fields)
end

local transition = "halua.Event"

return {
  noun = "on", group = "register", title = "Hooks",
  text = [[
    A hook is called after something has happened. The node never waits for a hook, and an error in a hook changes
    nothing but the log.

    Hooks for transitions are called when the transition is fully in force: for MASTER after the kernel has confirmed
    the addresses and the first gratuitous ARP has left, for leaving MASTER after the addresses are gone.

    The calls of one hook for one instance come one at a time, in the order of the events. Different hooks, and the
    same hook for different instances, run side by side. At most 16 events wait for one hook and instance; beyond
    that the oldest are left out, `ev.dropped` says how many, and the log says it once for each burst.

    A reload ends the calls that run and says so. What still waits for a hook goes to the same hook of the new
    generation: the one with the same moment, in the same place among those of its plugin.
  ]],
  functions = {
    hook("master", transition, "Calls a function when an instance has become MASTER and holds its addresses.", {
      example = [[
        halua.on.master(function(ev)
          halua.log.info("serving " .. table.concat(ev.vips, ", "))
        end)
      ]] }),
    hook("backup", transition, "Calls a function when an instance has become BACKUP."),
    hook("fault", transition, "Calls a function when an instance has gone to FAULT: it cannot or must not serve."),
    hook("stop", transition,
      "Calls a function when an instance has stopped, at the end of the daemon or of its configuration."),
    hook("change", transition, "Calls a function at every transition.", {
      example = [[
        halua.on.change {
          timeout = "30s",
          run = function(ev)
            halua.log.info(ev.instance.name .. ": " .. ev.from .. " to " .. ev.to, { why = ev.sentence })
          end,
        }
      ]] }),
    hook("priority", "halua.PriorityEvent", "Calls a function when the effective priority has changed."),
    hook("conflict", "halua.ConflictEvent", [[
      Calls a function when another node claims what this one holds, and again when that is over. It begins with the
      first advert of such a node and ends when none came for a master down interval, or when this node leaves
      MASTER. A node that yields at once, as in every preemption, is no conflict; neither are the last words of the
      master that this node has just taken over from.
    ]], { example = [[
        halua.on.conflict(function(ev)
          halua.log.error(ev.instance.name .. ": conflict with " .. ev.peer .. ", " .. ev.phase, { advice = ev.advice })
        end)
      ]] }),
    hook("guard", "halua.GuardEvent", [[
      Calls a function when the guard has found something out: why this node does not take over although it hears no
      master, who else uses or advertises a virtual address, whose firewall drops adverts. Strangers on the network
      can cause such news at any rate, so hooks hear of at most two in ten seconds about one station, and eight of a
      kind.
    ]], { example = [[
        halua.on.guard(function(ev)
          if ev.alarm then halua.log.warn(ev.sentence, { kind = ev.kind, peer = ev.peer, vip = ev.vip }) end
        end)
      ]] }),
    hook("peer", "halua.PeerEvent", [[
      Calls a function when another node is heard as master, when it is another one than before, and when it is lost.
    ]]),
    hook("check", "halua.CheckEvent", [[
      Calls a function when a check has changed, after rise and fall are counted; and once after a start or a reload
      with what the check says then, so that what the hook asks of an instance is asked again. A check that a hook
      listens to runs even when no instance tracks it.
    ]], {
      global = true,
      params = { { name = "name", type = "string", optional = true,
        text = "A check of this plugin by its name, or another's as `plugin.check`. Without it: all of its own." } },
      example = [[
        halua.check { name = "reach", run = function() return true end }
        halua.on.check("reach", function(ev)
          for _, vi in ipairs(halua.instances()) do
            if ev.ok then vi:restore("reach") else vi:demote("reach", ev.reason) end
          end
        end)
      ]] }),
    hook("reload", "halua.ReloadEvent", "Calls a function of the new generation when a reload was taken.",
      { global = true }),
    hook("shutdown", "halua.ShutdownEvent", [[
      Calls a function when the daemon ends. All of them together have 2 seconds. The goodbye to the peers and the
      removal of the addresses do not wait for them, unless `stop_hooks_first` stands in `global_defs`.
    ]], { global = true }),
  },
  classes = {
    { name = "halua.Event", text = "A transition, as hooks get it.",
      fields = common {
        { name = "from", type = "halua.State", text = "The state before." },
        { name = "to", type = "halua.State", text = "The state after." },
        { name = "reason", type = "string",
          text = [[
            Why, in one word: `startup`, `shutdown`, `master_down`, `master_left`, `preempted`, `lost_election`,
            `owner`, `recovered`, `check_failed`, `link_down`, `no_address`, `send_failed`, `demoted`, `sync_group`,
            `address_lost`, `address_refused`, `overslept`, `lease_expired`, `master_unfit`, `deaf_peer`.
          ]] },
        { name = "sentence", type = "string", text = "Why, as the log says it." },
        { name = "vips_removed", type = "boolean", text = "Whether this transition took the addresses off this node." },
        { name = "peer", type = "string?", text = "The address of the current master, when one is known." },
      } },
    { name = "halua.PriorityEvent", text = "A change of the priority.",
      fields = common {
        { name = "from", type = "integer", text = "The priority before." },
        { name = "to", type = "integer", text = "The priority after." },
        { name = "reason", type = "string", text = "How it adds up, as the log says it." },
        { name = "peer", type = "string?", text = "The address of the current master, when one is known." },
      } },
    { name = "halua.ConflictEvent", text = "Two nodes claim the same.",
      fields = common {
        { name = "phase", type = '"begin"|"end"', text = "Whether it begins or is over." },
        { name = "kind", type = '"dual_master"|"duplicate_address"',
          text = "Another master that does not yield, or a node with the same priority and the same address." },
        { name = "peer", type = "string", text = "The address of the other node." },
        { name = "peer_priority", type = "integer?", text = "The priority it sends." },
        { name = "winner", type = "string?",
          text = "The address of the node that goes on as master, when that is known." },
        { name = "advice", type = "string", text = "What to look at, in words for the operator." },
      } },
    { name = "halua.GuardEvent", text = "What the guard has found out.",
      fields = common {
        { name = "kind", type = "string",
          text = [[
            What it is, in one word: `promotion_held` and `promotion_hold_ended`; `vrid_mismatch`, `version_mismatch`,
            `interval_mismatch`, `auth_mismatch`, `address_list_mismatch` and `refused_advert` for adverts that name an
            address of this instance under other terms; `foreign_master` when this node gives way to such a master;
            `vip_claim` when another station uses an address that this node holds; `local_firewall_drops_vrrp`,
            `adverts_lost`, `peer_silent`, each also when it is over; `peer_deaf`; `proxy_answers`;
            `deadman_expired` when the kernel ended the addresses because this daemon stood still.
          ]] },
        { name = "sentence", type = "string",
          text = "What is seen, what it means and what to do, as the log says it." },
        { name = "alarm", type = "boolean",
          text = "True when somebody should look; false for the end of an alarm, and for information." },
        { name = "peer", type = "string?", text = "The address of the other node, when it is known." },
        { name = "mac", type = "string?", text = "The Ethernet address of the other station, where that is all." },
        { name = "vip", type = "string?", text = "The virtual address that it is about, when it is about one." },
        { name = "reason", type = "string?",
          text = [[
            Why a promotion is held: `stale_address`, `not_released`, `foreign_master`, `foreign_advert`,
            `foreign_claim` or `silent_interface`.
          ]] },
      } },
    { name = "halua.PeerEvent", text = "News of the master that this node hears.",
      fields = common {
        { name = "phase", type = '"heard"|"changed"|"lost"', text = "What has happened." },
        { name = "peer", type = "string", text = "The address of the master; when it is lost, of the one that was." },
        { name = "peer_priority", type = "integer?", text = "The priority it sends." },
        { name = "former", type = "string?", text = "The master before, when it changed." },
        { name = "reason", type = "string", text = "Why it was lost, in the words of a transition; else empty." },
      } },
    { name = "halua.CheckEvent", text = "What a check says now.",
      fields = common({
        { name = "name", type = "string", text = "The full name: `mycat.greeting`." },
        { name = "plugin", type = "string", text = "The plugin." },
        { name = "check", type = "string", text = "The check's own name." },
        { name = "ok", type = "boolean", text = "What is in force: false while the check is down." },
        { name = "state", type = '"up"|"down"|"error"',
          text = "`error`: a bug in the script; what the check said last stays in force." },
        { name = "reason", type = "string", text = "Why it is down or in error; else empty." },
      }, true) },
    { name = "halua.ReloadEvent", text = "A reload that was taken.",
      fields = common({
        { name = "changes", type = "string[]", text = "What it changed, in words; empty when nothing has changed." },
      }, true) },
    { name = "halua.ShutdownEvent", text = "The end of the daemon.",
      fields = common({ { name = "reason", type = "string", text = "`shutdown`." } }, true) },
  },
  aliases = {
    { name = "halua.State", type = '"INIT"|"BACKUP"|"MASTER"|"FAULT"', text = "The state of an instance." },
  },
}
