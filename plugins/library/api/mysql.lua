--- halua.mysql: statements to servers that speak MySQL's protocol, by libmariadb.
return {
  noun = "mysql", group = "network", title = "MySQL, MariaDB and Mycat",
  text = [[
    A connection runs one statement at a time: while one task waits for it, another that uses it makes a script error.
    Bind it with `<close>`, so that it is closed however the function ends.

    What the server refuses is an error with its number and text: `error 1064: You have an error in your SQL syntax…`.
    The kind is `auth` when it refuses the login, `denied` for every other refusal, and `timeout`, `refused`,
    `unreachable`, `dns`, `closed`, `reset` or `protocol` when the connection is the trouble. After a time-out, and when
    a result passes its limits, the connection is closed; after a refusal it goes on.

    After the login nothing is sent but what the script asks for, so that Mycat's manager port is served as well. The
    connection is not encrypted: the TLS handshake of libmariadb would hold up every other script.
  ]],
  functions = {
    {
      name = "mysql.connect", phase = "running", waits = true,
      text = "Connects and logs in.",
      fields = {
        { name = "host", type = "string", default = '"127.0.0.1"', text = "A name or an IP address." },
        { name = "port", type = "integer", default = "3306", text = "1 to 65535." },
        { name = "socket", type = "string", text = "The path of the server's socket, instead of host and port." },
        { name = "user", type = "string", required = true, text = "Who logs in." },
        { name = "password", type = "string", default = "none",
          text = "Sent by `mysql_native_password`, `caching_sha2_password`, `sha256_password` or `client_ed25519`." },
        { name = "database", type = "string", text = "The database, or Mycat's schema, that statements are about." },
        { name = "charset", type = "string", default = '"utf8mb4"', text = "Of the texts." },
        { name = "timeout", type = "halua.Duration", default = '"5s"',
          text = "For the whole: lookup of the name, connecting and login." },
        { name = "source", type = "string", text = "The own address to connect from." },
        { name = "nameserver", type = "string",
          text = "The one server to ask for the host's name, as in `dns.resolve`." },
        { name = "max_rows", type = "integer", default = "1000", text = "The most rows of a result; up to 100000." },
        { name = "max_bytes", type = "integer", default = "1048576",
          text = "The most octets of a result; up to 16 MiB." },
      },
      returns = { { name = "database", type = "halua.Database?" }, { name = "err", type = "halua.Error?" } },
      example = [[
        local db <close> = assert(halua.mysql.connect { user = "halua", password = "secret", timeout = "1s" })
        local rows = assert(db:query("SELECT @@read_only AS read_only", "1s"))
        return rows[1].read_only == 0, "the server is read only"
      ]],
    },
    {
      name = "Database:query", phase = "running", waits = true,
      text = [[
        Runs one statement. One that has a result returns a list of rows, each a table by the names of the columns
        (name those that have none, or the same, by `AS`). Whole numbers are integers, floats are numbers, everything
        else is a string: `DECIMAL`, so that no digit is lost, dates, and whole numbers above 2^63. NULL is an absent
        field. Other statements return `{ affected =, insert_id = }`. A procedure returns its first result.
      ]],
      params = {
        { name = "sql", type = "string", text = "At most 1 MiB." },
        { name = "timeout", type = "halua.Duration", optional = true, default = '"30s"', text = "How long to wait." },
      },
      returns = {
        { name = "result", type = "table<string, string|number>[]|{ affected: integer, insert_id: integer }?" },
        { name = "err", type = "halua.Error?" },
      },
    },
    {
      name = "Database:ping", phase = "running", waits = true,
      text = "Asks whether the server is there, by COM_PING.",
      params = {
        { name = "timeout", type = "halua.Duration", optional = true, default = '"30s"', text = "How long to wait." },
      },
      returns = { { name = "ok", type = "true?" }, { name = "err", type = "halua.Error?" } },
    },
    {
      name = "Database:quote", phase = "running",
      text = "A value as SQL writes it: text in quotes, with everything escaped that has a meaning; nil is `NULL`.",
      params = { { name = "value", type = "string|number|boolean?", text = "What comes from outside." } },
      returns = { { name = "literal", type = "string?" }, { name = "err", type = "halua.Error?" } },
    },
    {
      name = "Database:close", phase = "always",
      text = "Says goodbye and closes; a task that waits for it gets an error of kind `closed`.",
      returns = {},
    },
  },
  classes = {
    {
      name = "halua.Database", text = "A connection to a server. Can be bound with `<close>`.",
      fields = { { name = "server_version", type = "string", text = "As the server greets: `5.6.29-mycat-1.6…`." } },
    },
  },
}
