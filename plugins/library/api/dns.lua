--- halua.dns: looking names up without holding anything up.
return {
  noun = "dns", group = "network", title = "Looking names up",
  text = [[
    Names are looked up by c-ares (Debian: `libc-ares2`), which is loaded on first use. It asks the servers of
    `/etc/resolv.conf` as it is at that moment, and `/etc/hosts` first where addresses are wanted. IP addresses and
    `localhost` are answered at once, without the library. A lookup counts as one of the plugin's handles while it
    goes on.
  ]],
  functions = {
    {
      name = "dns.resolve", phase = "running", waits = true,
      text = [[
        Looks a name up. Without a type the answer is the addresses of both families, in the order in which they should
        be tried. Fails with kind `dns` (no such name, no such record, the server refuses), `timeout` (no server
        answers) or `denied` (the library is missing).
      ]],
      params = {
        { name = "name", type = "string", text = "A name of up to 253 characters; for `PTR` also an IP address." },
      },
      fields = {
        { name = "type", type = '"A"|"AAAA"|"SRV"|"TXT"|"PTR"', text = "What is wanted.", default = "addresses" },
        { name = "server", type = "string",
          text = 'The one server to ask: an IP address, or one with a port (`"192.0.2.53:5353"`).' },
        { name = "timeout", type = "halua.Duration", default = '"5s"',
          text = "For the whole lookup; a server that does not answer is asked again within it." },
      },
      returns = {
        { name = "answers", type = "string[]|halua.Service[]|nil",
          text = "Addresses, texts or names; for `SRV` services, the first to try first." },
        { name = "err", type = "halua.Error?" },
      },
      example = [[
        local services = assert(halua.dns.resolve("_consul._tcp.example.org", { type = "SRV", timeout = "1s" }))
        local first = services[1]
        return true, first.target .. " port " .. first.port
      ]],
    },
  },
  classes = {
    {
      name = "halua.Service", text = "One SRV record.",
      fields = {
        { name = "target", type = "string", text = "The host's name." },
        { name = "port", type = "integer", text = "Where it listens." },
        { name = "priority", type = "integer", text = "Lower ones are tried first." },
        { name = "weight", type = "integer", text = "How large its share is among those of one priority." },
      },
    },
  },
}
