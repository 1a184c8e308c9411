--- halua.mail: notices by mail (SMTP).
return {
  noun = "mail", group = "network", title = "Mail",
  text = [[
    The mail is a complete one: with a date and an identifier, its subject and body in UTF-8 and encoded where that is
    needed, marked as made by a machine so that nobody's holiday notice answers it. Addresses are bare, as in
    `ops@example.org`, and ASCII.

    Nothing waits but the task: neither a name server nor a mail server that hangs holds anything up.
  ]],
  functions = {
    {
      name = "mail.send", phase = "running", waits = true,
      text = [[
        Gives a mail to a server, and comes back when the server has taken it. A line end in an address or in the
        subject is a mistake of the script, for it would write headers.

        When the server takes some of the recipients only, the others get the mail, and an error besides `true` names
        those who do not. Its words stand in the error's message, its reply code in `err.code`: from 500 on it makes no
        sense to try the same again. Kinds: `denied` (the server said no), `auth` (login, certificate, no STARTTLS),
        `protocol` (what answers is no mail server), and those of a connection.
      ]],
      fields = {
        { name = "server", type = "string", required = true,
          text = '`"mail.example.org"`, `"192.0.2.25:587"`, `"[2001:db8::25]:25"`. Port 25, or 465 for `smtps`.' },
        { name = "from", type = "string", required = true, text = "The sender." },
        { name = "to", type = "string|string[]", required = true, text = "The recipients, at most 100 with `cc`." },
        { name = "cc", type = "string|string[]", text = "Who gets a copy." },
        { name = "subject", type = "string", default = '""', text = "One line, at most 1,000 octets." },
        { name = "body", type = "string", default = '""', text = "The text, at most 1 MiB, with any line ends." },
        { name = "timeout", type = "halua.Duration", default = '"30s"',
          text = "For the whole: lookup of the name, login and all answers included." },
        { name = "helo", type = "string", default = "this host's name", text = "How this host names itself (EHLO)." },
        { name = "user", type = "string", text = "Who logs in, by PLAIN, LOGIN or CRAM-MD5." },
        { name = "password", type = "string", text = "The password that belongs to it." },
        { name = "tls", type = '"off"|"starttls"|"smtps"', default = '"off"; "starttls" with a user',
          text = "`starttls`: no mail without it. `smtps`: TLS from the beginning, usually on port 465." },
        { name = "verify", type = "boolean", default = "true", text = "Whether the certificate must be right." },
        { name = "ca", type = "string", text = "A PEM file with the authorities to trust instead of the system's." },
      },
      returns = {
        { name = "sent", type = "true?", text = "True when the server has taken it for one recipient or more." },
        { name = "err", type = "halua.Error?", text = "Why not, or who does not get it." },
      },
      example = [[
        local sent, err = halua.mail.send {
          server = "mail.example.org", from = "halua@example.org", to = "ops@example.org",
          subject = halua.hostname .. " is MASTER", body = "It has taken over.\n", timeout = "10s",
        }
        if not sent then halua.log.warn("nobody was told: " .. err) end
      ]],
    },
  },
}
