--- halua.on.*: functions that are called when the state of an instance has changed.

--- The same function for another moment.
local function hook(moment, text, example)
  return {
    name = "on." .. moment, phase = "loading", text = text,
    fields = {
      { name = "run", type = "async fun(ev: halua.Event)", required = true, text = "What to do." },
      { name = "instance", type = "string", default = "every instance", text = "Only transitions of this instance." },
      { name = "timeout", type = "halua.Duration", default = '"10s"',
        text = "How long one call may take before it is ended." },
    },
    instead = { name = "run", type = "async fun(ev: halua.Event)", text = "The function alone." },
    returns = {},
    example = example,
  }
end

return {
  noun = "on", group = "register", title = "Hooks",
  text = [[
    A hook is called after a transition, when it is fully in force: for MASTER after the kernel has confirmed the
    addresses and the first gratuitous ARP has left, for leaving MASTER after the addresses are gone. The node never
    waits for a hook, and an error in a hook changes nothing but the log.

    The calls of one hook for one instance come one at a time, in the order of the transitions. Different hooks, and
    the same hook for different instances, run side by side. At most 16 transitions wait for one hook and instance;
    beyond that the oldest are left out, and `ev.dropped` says how many.
  ]],
  functions = {
    hook("master", "Calls a function when an instance has become MASTER and holds its addresses.", [[
      halua.on.master(function(ev)
        halua.log.info("serving " .. table.concat(ev.vips, ", "))
      end)
    ]]),
    hook("backup", "Calls a function when an instance has become BACKUP."),
    hook("fault", "Calls a function when an instance has gone to FAULT: it cannot or must not serve."),
    hook("stop", "Calls a function when an instance has stopped, at the end of the daemon or of its configuration."),
    hook("change", "Calls a function at every transition.", [[
      halua.on.change {
        timeout = "30s",
        run = function(ev)
          halua.log.info(ev.instance.name .. ": " .. ev.from .. " to " .. ev.to, { why = ev.sentence })
        end,
      }
    ]]),
  },
  classes = {
    { name = "halua.Event", text = "A transition, as hooks get it.",
      fields = {
        { name = "instance", type = "halua.Instance", text = "The instance." },
        { name = "from", type = "halua.State", text = "The state before." },
        { name = "to", type = "halua.State", text = "The state after." },
        { name = "reason", type = "string",
          text = [[
            Why, in one word: `startup`, `shutdown`, `master_down`, `master_left`, `preempted`, `lost_election`,
            `owner`, `recovered`, `check_failed`, `link_down`, `no_address`, `send_failed`, `demoted`, `sync_group`,
            `address_lost`, `address_refused`, `overslept`.
          ]] },
        { name = "sentence", type = "string", text = "Why, as the log says it." },
        { name = "priority", type = "integer", text = "The priority of this node then." },
        { name = "vips", type = "string[]", text = "The virtual addresses, without prefix lengths." },
        { name = "vips_removed", type = "boolean", text = "Whether this transition took the addresses off this node." },
        { name = "peer", type = "string?", text = "The address of the current master, when one is known." },
        { name = "seq", type = "integer", text = "The number of the transition: per instance, without gaps." },
        { name = "at", type = "number", text = "When it was, on the clock of `halua.now`." },
        { name = "dropped", type = "integer", text = "How many transitions right before it were left out." },
        { name = "current", type = "boolean",
          text = "Live: false as soon as a newer transition of the instance exists." },
      } },
  },
  aliases = {
    { name = "halua.State", type = '"INIT"|"BACKUP"|"MASTER"|"FAULT"', text = "The state of an instance." },
  },
}
