--- halua.unix: connections to local sockets.
return {
  noun = "unix", group = "network", title = "Local sockets",
  text = [[
    Connections to sockets on this host: haproxy's statistics socket, a supervisor, a database. They are used as those
    of `tcp.connect`.
  ]],
  functions = {
    {
      name = "unix.connect", phase = "running", waits = true,
      text = [[
        Opens a connection. Fails with kind `refused` (nobody listens, there is no such socket), `denied` (no
        permission) or `timeout` (the listener's queue is full).
      ]],
      fields = {
        { name = "path", type = "string", required = true,
          text = "Where it is, up to 107 octets; `@name` stands for the abstract namespace." },
        { name = "timeout", type = "halua.Duration", default = "none",
          text = "How long to wait; without one the run's own deadline is the limit." },
      },
      instead = { name = "path", type = "string", text = "The path alone." },
      returns = { { name = "connection", type = "halua.Connection?" }, { name = "err", type = "halua.Error?" } },
      example = [[
        local haproxy <close> = assert(halua.unix.connect "/run/haproxy/admin.sock")
        assert(haproxy:send "show info\n")
        return assert(haproxy:receive("*a", "1s")):find "Uptime_sec" ~= nil
      ]],
    },
  },
}
