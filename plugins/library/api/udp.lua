--- halua.udp: datagrams to one peer and back.
return {
  noun = "udp", group = "network", title = "UDP",
  text = [[
    A socket for datagrams to one peer; what others send is not heard. Bind it with `<close>`. It counts as one of the
    plugin's handles. Nobody confirms a datagram: that it was sent says nothing about the peer.
  ]],
  functions = {
    {
      name = "udp.socket", phase = "running", waits = true,
      text = [[
        Opens a socket. Fails with kind `dns` or `timeout` (the name is not known), `unreachable`, or `denied` (no such
        source or interface).
      ]],
      fields = {
        { name = "host", type = "string", required = true, text = "An address, or a name." },
        { name = "port", type = "integer", required = true, text = "1 to 65535." },
        { name = "timeout", type = "halua.Duration", default = '"5s"', text = "For looking the name up." },
        { name = "source", type = "string", text = "The own address to send from." },
        { name = "source_port", type = "integer", text = "The own port to send from; 1 to 65535." },
        { name = "interface", type = "string", text = "Send through this interface only." },
      },
      returns = { { name = "socket", type = "halua.UDPSocket?" }, { name = "err", type = "halua.Error?" } },
      example = [[
        local memcached <close> = assert(halua.udp.socket { host = "127.0.0.1", port = 11211 })
        assert(memcached:send "\0\1\0\0\0\1\0\0version\r\n")
        local answer = assert(memcached:receive "500ms")
        return answer:find "VERSION" ~= nil
      ]],
    },
    {
      name = "UDPSocket:send", phase = "running", waits = true,
      text = [[
        Sends one datagram of up to 65507 octets. Fails with kind `refused` when an earlier one reached a port where
        nobody listens; this one was not sent then.
      ]],
      params = {
        { name = "data", type = "string", text = "The octets." },
        { name = "timeout", type = "halua.Duration", optional = true, text = "How long to wait." },
      },
      returns = { { name = "ok", type = "true?" }, { name = "err", type = "halua.Error?" } },
    },
    {
      name = "UDPSocket:receive", phase = "running", waits = true,
      text = "Waits for the next datagram. Fails with kind `timeout`, or `refused` when nobody listens on the port.",
      params = { { name = "timeout", type = "halua.Duration", optional = true, text = "How long to wait." } },
      returns = { { name = "data", type = "string?" }, { name = "err", type = "halua.Error?" } },
    },
    {
      name = "UDPSocket:close", phase = "always",
      text = "Closes the socket; a task that waits for it gets an error of kind `closed`.",
      returns = {},
    },
  },
  classes = { { name = "halua.UDPSocket", text = "An open socket for datagrams. Can be bound with `<close>`." } },
}
