--- halua.tcp: connections that are opened, written to and read from without holding anything up.
return {
  noun = "tcp", group = "network", title = "TCP connections",
  text = [[
    A connection does one thing at a time: while one task waits for it, another that uses it makes a script error.
    Bind it with `<close>`, so that it is closed however the function ends. A plugin may hold 256 connections,
    watches and other handles at a time.
  ]],
  functions = {
    {
      name = "tcp.connect", phase = "running", waits = true,
      text = [[
        Opens a connection. Fails with kind `refused`, `timeout`, `unreachable` or `dns` (the host is no address).
      ]],
      fields = {
        { name = "host", type = "string", required = true, text = "An IPv4 or IPv6 address, or `localhost`." },
        { name = "port", type = "integer", required = true, text = "1 to 65535." },
        { name = "timeout", type = "halua.Duration", default = "none",
          text = "How long to wait; without one the run's own deadline is the limit." },
        { name = "source", type = "string", text = "The own address to connect from." },
        { name = "interface", type = "string", text = "Send through this interface only." },
      },
      returns = { { name = "connection", type = "halua.Connection?" }, { name = "err", type = "halua.Error?" } },
      example = [[
        local connection <close> = assert(halua.tcp.connect { host = "127.0.0.1", port = 25, timeout = "1s" })
        local greeting = assert(connection:receive("*l", "1s"))
        assert(connection:send "QUIT\r\n")
        return greeting:sub(1, 3) == "220", "the mail server says: " .. greeting
      ]],
    },
    {
      name = "Connection:send", phase = "running", waits = true,
      text = "Sends all of the data. It counts as sent when the kernel has taken it; the peer may never see it.",
      params = {
        { name = "data", type = "string", text = "The octets." },
        { name = "timeout", type = "halua.Duration", optional = true, text = "How long to wait." },
      },
      returns = { { name = "ok", type = "true?" }, { name = "err", type = "halua.Error?" } },
    },
    {
      name = "Connection:receive", phase = "running", waits = true,
      text = "Reads as much as the pattern asks for, at most 1 MiB; more is an error of kind `protocol`.",
      params = {
        { name = "pattern", type = 'integer|"*l"|"*a"',
          text = "A number of octets, a line (returned without its end), or all until the peer closes." },
        { name = "timeout", type = "halua.Duration", optional = true, text = "How long to wait." },
      },
      returns = {
        { name = "data", type = "string?" }, { name = "err", type = "halua.Error?" },
        { name = "partial", type = "string?", text = "What had arrived when it failed." },
      },
    },
    {
      name = "Connection:close", phase = "always",
      text = "Closes the connection; a task that waits for it gets an error of kind `closed`.",
      returns = {},
    },
  },
  classes = { { name = "halua.Connection", text = "An open connection. Can be bound with `<close>`." } },
}
