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
        Opens a connection. A name is looked up (see `dns.resolve`), and up to eight of its addresses are tried one
        after the other within the timeout. With `tls` the certificate must be one that the system trusts, and be for
        the host; OpenSSL is loaded on first use (Debian: `libssl3`). Fails with kind `refused`, `timeout`,
        `unreachable`, `dns`, `auth` (a certificate that is not believed, with the reason in words), `protocol` (the
        peer speaks no TLS) or `denied` (a library or a file is missing, no such source or interface).
      ]],
      fields = {
        { name = "host", type = "string", required = true, text = "An address, or a name." },
        { name = "port", type = "integer", required = true, text = "1 to 65535." },
        { name = "timeout", type = "halua.Duration", default = "none",
          text = "For everything: lookup, connecting, TLS; without one the run's own deadline is the limit." },
        { name = "source", type = "string", text = "The own address to connect from." },
        { name = "interface", type = "string", text = "Send through this interface only." },
        { name = "tls", type = "boolean|halua.TLS", default = "false",
          text = "`true`, or a table that says whom to believe." },
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
      name = "Connection:starttls", phase = "running", waits = true,
      text = [[
        Goes on by TLS, once the peer has agreed to it in its own protocol (SMTP, LDAP, PostgreSQL). Everything that
        the peer said before must have been received: more is an error of kind `protocol`. When it fails, the
        connection is closed.
      ]],
      fields = {
        { name = "server_name", type = "string", default = "the host", text = "Whom the certificate must be for." },
        { name = "ca", type = "string", default = "the system's",
          text = "A file or directory of certificates to trust." },
        { name = "verify", type = "boolean", default = "true", text = "`false` believes everybody." },
        { name = "cert", type = "string", text = "The own certificate, a PEM file, for peers that ask for one." },
        { name = "key", type = "string", default = "the file of `cert`", text = "The key of it, not encrypted." },
        { name = "timeout", type = "halua.Duration", default = "none", text = "How long to wait." },
      },
      returns = { { name = "ok", type = "true?" }, { name = "err", type = "halua.Error?" } },
      example = [[
        local connection <close> = assert(halua.tcp.connect { host = "mail.example.org", port = 25, timeout = "2s" })
        assert(connection:receive("*l", "1s"))
        assert(connection:send "STARTTLS\r\n")
        assert(connection:receive("*l", "1s"))
        return connection:starttls { timeout = "2s" }
      ]],
    },
    {
      name = "Connection:close", phase = "always",
      text = [[
        Closes the connection; a task that waits for it gets an error of kind `closed`. By TLS the peer is told that
        this was all; its answer is not waited for.
      ]],
      returns = {},
    },
  },
  classes = {
    { name = "halua.Connection", text = "An open connection. Can be bound with `<close>`." },
    {
      name = "halua.TLS", text = "Whom to believe, and who we are. Changed files are read anew.",
      fields = {
        { name = "server_name", type = "string?",
          text = "The name or address that the certificate must be for, instead of the host." },
        { name = "ca", type = "string?",
          text = "A file or directory of certificates to trust, instead of the system's." },
        { name = "verify", type = "boolean?", text = "`false` believes everybody." },
        { name = "cert", type = "string?", text = "The own certificate, a PEM file, for servers that ask for one." },
        { name = "key", type = "string?",
          text = "The key of it, not encrypted; when absent it is in the file of `cert`." },
      },
    },
  },
}
