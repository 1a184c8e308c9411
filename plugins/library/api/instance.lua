--- halua.instance and halua.instances: the virtual routers of this node, and what a script may ask of them.
return {
  noun = "instance", group = "instances", title = "Instances",
  text = [[
    An instance is a `vrrp_instance` of the configuration. Its fields are those of the moment: they change when the
    script waits, and never between two lines that do not.

    Requests return at once. What comes of them arrives later, as transitions. A request is known by its plugin, its
    instance and its key: the same key again replaces it. After a reload the requests of the old generation stay for
    the longest interval and timeout of the plugin's checks, at least 5 seconds, and are then taken back unless the new
    one has repeated their key. A request that is repeated as it is changes nothing.
  ]],
  functions = {
    {
      name = "instance", phase = "always",
      text = "Finds an instance by its name. While the plugin is loaded every name is accepted.",
      params = { { name = "name", type = "string", text = "The name in the configuration." } },
      returns = { { name = "instance", type = "halua.Instance?" }, { name = "err", type = "halua.Error?" } },
      example = [[
        local vi = assert(halua.instance "VI_1")
        halua.log.info(vi.name .. " is " .. vi.state)
      ]],
    },
    {
      name = "instances", phase = "running",
      text = "Lists the instances in the order of their names.",
      params = {
        { name = "name", type = "string|string[]", optional = true,
          text = "Only the one of this name, or those of the list; `halua.ANY` for all." },
      },
      returns = { { name = "instances", type = "halua.Instance[]", text = "Empty when there is none." } },
      example = [[
        for _, vi in ipairs(halua.instances()) do
          halua.log.info(vi.name, { state = vi.state, priority = vi.priority })
        end
      ]],
      runs = true,
    },
    {
      name = "Instance:adjust_priority", phase = "running",
      text = [[
        Raises or lowers the priority for as long as the request stands. All adjustments are added to the base
        priority; the sum is kept between 1 and 254. `halua status` lists each with its reason. A plugin may have
        64 keys in force for an instance, demotions included; a key has at most 64 octets, and a reason is cut after
        512.
      ]],
      params = {
        { name = "key", type = "string", text = "The name of the request; a new one of the same name replaces it." },
        { name = "delta", type = "integer", text = "-253 to 253; 0 takes the request back." },
        { name = "reason", type = "string", text = "Why, in words for the operator." },
        { name = "ttl", type = "halua.Duration", optional = true, text = "After this time it lapses by itself." },
      },
      returns = { { name = "adjustment", type = "halua.Adjustment" } },
      example = [[
        halua.on.backup {
          timeout = "30s",
          run = function(ev)
            local adjustment = ev.instance:adjust_priority("warm-up", -50, "caches are cold", "60s")
            halua.sleep "20s"
            adjustment:clear()
          end,
        }
      ]],
    },
    {
      name = "Instance:demote", phase = "running",
      text = "Puts the instance into FAULT for as long as the request stands: it gives up its addresses.",
      params = {
        { name = "key", type = "string", text = "The name of the request." },
        { name = "reason", type = "string", text = "Why, in words for the operator." },
        { name = "ttl", type = "halua.Duration", optional = true, text = "After this time it lapses by itself." },
      },
      returns = {},
      example = [[
        local vi = assert(halua.instance "VI_1")
        vi:demote("maintenance", "the disk is being replaced", "2h")
      ]],
    },
    {
      name = "Instance:restore", phase = "running",
      text = "Takes a `demote` back.",
      params = { { name = "key", type = "string", text = "The key that `demote` was given." } },
      returns = {},
    },
    {
      name = "Adjustment:set", phase = "running",
      text = "Changes the adjustment. A time to live that it was made with begins anew.",
      params = {
        { name = "delta", type = "integer", text = "-253 to 253; 0 takes it back." },
        { name = "reason", type = "string", optional = true, text = "Without one the old reason stays." },
      },
      returns = {},
    },
    {
      name = "Adjustment:clear", phase = "running",
      text = "Takes the adjustment back.",
      returns = {},
    },
  },
  classes = {
    { name = "halua.Instance", text = "A virtual router instance. One object for each, so that they can be compared.",
      fields = {
        { name = "name", type = "string",
          text = "The name in the configuration. Only this one is there while loading." },
        { name = "state", type = "halua.State", text = "The state of this node." },
        { name = "priority", type = "integer", text = "The priority, with all that is added to it." },
        { name = "base_priority", type = "integer", text = "The priority of the configuration." },
        { name = "preempts", type = "boolean",
          text = "False with `nopreempt`: then a lower priority costs a MASTER nothing." },
        { name = "peers", type = "string[]", text = "The addresses of other nodes that are configured or were heard." },
        { name = "master", type = "string?", text = "The address of the current master, when one is known." },
        { name = "interface", type = "string", text = "The name of the interface." },
        { name = "vips", type = "string[]", text = "The virtual addresses, without prefix lengths." },
        { name = "since", type = "number", text = "When the state began, on the clock of `halua.now`." },
      } },
    { name = "halua.Adjustment", text = "A change of priority that a script made. It stands without the object, too." },
  },
}
