--- halua.ndp: who on the link has an IPv6 address?
return {
  noun = "ndp", group = "network", title = "Neighbour discovery",
  text = [[
    Neighbour discovery for IPv6 asks the link itself: a neighbour answers even when it filters ICMP.
    It says nothing about hosts behind a router.
  ]],
  functions = {
    {
      name = "ndp.ping", phase = "running", waits = true,
      text = [[
        Asks up to three times within the timeout who has the address. Fails with kind `timeout` (nobody has it),
        `unreachable` (no way to it, and no interface given), or `denied` (no such interface, one that is no Ethernet,
        no rights: the daemon needs CAP_NET_RAW).
      ]],
      params = { { name = "address", type = "string", text = "An IPv6 address on the link." } },
      fields = {
        { name = "timeout", type = "halua.Duration", default = '"1s"', text = "How long to wait." },
        { name = "interface", type = "string", default = "by the route", text = "Where to ask." },
      },
      returns = {
        { name = "mac", type = "string?", text = "The Ethernet address of the one who has it." },
        { name = "seconds", type = "number|halua.Error|nil", text = "Since the last question; or the error." },
      },
      example = [[
        local mac = assert(halua.ndp.ping("2001:db8::1", { interface = "eth0", timeout = "400ms" }))
        return true, "the gateway is at " .. mac
      ]],
    },
  },
}
