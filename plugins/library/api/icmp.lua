--- halua.icmp: does a host answer?
return {
  noun = "icmp", group = "network", title = "Ping",
  text = "ICMP echo for IPv4 and IPv6. A host that answers lives; what runs on it may be dead all the same.",
  functions = {
    {
      name = "icmp.ping", phase = "running", waits = true,
      text = [[
        Asks up to three times within the timeout, and returns as soon as one question is answered. Replies to others
        are not taken for it. Fails with kind `timeout` (no answer), `unreachable` (no way to the host, or a router says
        so), `dns`, or `denied` (no such interface, this host's own address through an interface, no rights: the daemon
        needs CAP_NET_RAW).
      ]],
      params = { { name = "host", type = "string", text = "An address, or a name." } },
      fields = {
        { name = "timeout", type = "halua.Duration", default = '"1s"', text = "For everything, a lookup included." },
        { name = "interface", type = "string", text = "Send through this interface only." },
        { name = "size", type = "integer", default = "56", text = "Octets of payload, 0 to 8972." },
      },
      returns = {
        { name = "seconds", type = "number?", text = "Between question and reply." },
        { name = "err", type = "halua.Error?" },
      },
      example = [[
        local seconds = assert(halua.icmp.ping("192.0.2.1", { timeout = "500ms" }))
        return seconds < 0.1, ("slow: %.0f ms"):format(seconds * 1000)
      ]],
    },
  },
}
