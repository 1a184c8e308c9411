--- halua.gate.promote: who is asked before this node becomes MASTER.
return {
  noun = "gate", group = "register", title = "Promotion gates",
  text = [[
    A gate is asked at the one moment in which a node is about to become MASTER: the master has fallen silent, or left,
    or has the lower priority. Until all gates of the instance have allowed it, the node stays BACKUP, sends nothing and
    holds no address. An instance uses a gate when its `promotion_gate` line names it, as `<plugin>.<name>`.

    Nothing is ever asked before a node gives up its addresses.

    A gate that denies is asked again after a master down interval. A question is cancelled when another master is
    heard, when something is broken on this node, or when a reload takes the gate away: the run is ended where it waits.

    The core decides by its own clock. A gate that is silent, a script that hangs, a plugin that is gone: each counts as
    `on_timeout` says, which is to deny. The owner of the addresses (priority 255) asks its gates, too. In a sync group
    one member's gate speaks for all.

    **Leases.** A gate that allows it may say for how long. The core steps down when that time is over, unless
    `Instance:extend` has moved its end. So a script can lose mastership by hanging, but never keep it.
  ]],
  functions = {
    {
      name = "gate.promote", phase = "loading",
      text = [[
        Registers a gate. All gates of an instance are asked at the same time; the first that denies decides.

        A takeover takes longer by the time that the slowest gate needs. With adverts more often than every 300 ms that
        is out of proportion, and `halua check-config` says so.
      ]],
      fields = {
        { name = "name", type = "string", required = true,
          text = "Letters, digits, `_` and `-`, at most 64; unique among the gates of the plugin." },
        { name = "run", type = "async fun(ctx: halua.GateContext): boolean, string|halua.Lease|nil", required = true,
          text = [[
            The gate itself. `true` allows it; `true, { lease = "10s" }` allows it for so long; `false` and a reason
            deny it. An error counts as `on_error` says, and a bug is logged with its traceback.
          ]] },
        { name = "instance", type = "string", default = "every instance",
          text = "Only for this instance; `halua.ANY` for every one." },
        { name = "timeout", type = "halua.Duration", default = '"1s"',
          text = "How long it may think: 10 ms to 60 s." },
        { name = "on_timeout", type = '"deny"|"allow"', default = '"deny"',
          text = "What its silence means. `allow` puts availability first." },
        { name = "on_error", type = '"deny"|"allow"', default = '"deny"',
          text = "What an error in it means, the script's own bugs included." },
      },
      returns = {},
      example = [[
        halua.gate.promote {
          name = "reach", timeout = "500ms", on_timeout = "deny",
          run = function()
            local connection <close> = assert(halua.tcp.connect { host = "192.168.4.1", port = 53, timeout = "400ms" })
            return connection ~= nil
          end,
        }
      ]],
    },
    {
      name = "Instance:extend", phase = "running",
      text = [[
        Moves the end of the lease that a gate of this plugin gave, to so long from now. The last word counts, also when
        it is the shorter one. It returns at once, and does nothing when there is no such lease: the node is not MASTER,
        or the gate allowed it without a lease.

        Extend a lease only by what you hold yourself. A lock that its service keeps for ten seconds more is a lease of
        fewer.
      ]],
      params = {
        { name = "gate", type = "string", text = "The name of the gate, without the plugin's." },
        { name = "lease", type = "halua.Duration", text = "How long the permission is good from now on." },
      },
      returns = {},
      example = [[
        halua.gate.promote {
          name = "lock", run = function() return true, { lease = "5s" } end,
        }
        halua.during.master(function(vi)
          while true do
            halua.sleep "1s"
            vi:extend("lock", "5s")
          end
        end)
      ]],
    },
  },
  classes = {
    { name = "halua.GateContext", text = "What the function of a gate is called with.",
      fields = {
        { name = "name", type = "string", text = "The name of the gate, without the plugin's." },
        { name = "instance", type = "halua.Instance", text = "The instance that would become MASTER." },
        { name = "deadline", type = "number", text = "When this run is ended, on the clock of `halua.now`." },
      } },
    { name = "halua.Lease", text = "What a gate may return beside `true`.",
      fields = {
        { name = "lease", type = "halua.Duration", text = "How long the permission is good." },
      } },
  },
}
