--- halua.test: the words in which a test of a plugin is written.
local node_options = {
  { name = "conf", type = "string", required = true,
    text = "The configuration: a path, looked for here and beside the test, or the text itself." },
  { name = "state", type = '"MASTER"|"BACKUP"',
    text = [[
      Bring it there first, as if all checks had passed so far. For `BACKUP` a neighbour becomes master, unless another
      node of the test is. Without it the node starts as the daemon does and waits for the first answers.
    ]] },
  { name = "name", type = "string", default = '"node1"', text = "How it is called in messages, and its host name." },
  { name = "address", type = "string",
    text = "The address it advertises from; else the configuration's, else a free one." },
}

local connect = {
  { name = "address", type = "string", text = '`"127.0.0.1:8066"`, `"db.example.org:3306"`, or the path of a socket.' },
}

local function late(params)
  local list = { table.unpack(params) }
  list[#list + 1] = { name = "options", type = "{ after: halua.Duration }", optional = true,
    text = "`after`: answer only then." }
  return list
end

local function seen(name, params, text)
  return { name = name, phase = "running", text = text, params = params, returns = {} }
end

local why = { name = "why", type = "string", optional = true, text = "Said when it fails." }
local anything = { name = "seen", type = "any", text = "What was seen." }

return {
  noun = "test", group = "testing", module = "halua.test", title = "Words of a test",
  text = [[
    A test is a file whose name ends in `_test.lua`; `halua test` runs it. It plays nodes with the real state machine
    and the real script engine, in a world that the test describes. Nothing real is touched: connections, names,
    programs, processes and files are what the test says. What a plugin asks of the world and the test has not
    described makes the case fail, with a sentence that says what to write. Processes and files are the exception:
    there are none until the test makes them.

    Time stands still but for `t.advance`, `t.wait_for`, `halua.sleep`, and the making of a node in a state.
    Everything that falls due meanwhile happens in its order and at its nanosecond. Every case begins with a world of
    its own, at midnight UTC on 1 January 2026.

    Inside a test there are of the table `halua` only waiting and tasks, connections, `json`, `crypto`, `base64`,
    `log` and the time. Limits: 10 seconds of real time for a case (`--limit`).
  ]],
  functions = {
    {
      name = "case", phase = "running",
      text = "Adds a case. It fails by the first error or expectation that is not met.",
      params = {
        { name = "name", type = "string", text = "A sentence that says what holds." },
        { name = "run", type = "async fun()", text = "The case." },
      },
      returns = {},
      example = [[
        local t = require "halua.test"
        t.case("three refused connections cost the address", function()
          local node = t.node { conf = "halua.conf", state = "MASTER" }
          node.net:refuse("127.0.0.1:8066")
          t.advance("7s")
          t.equal(node:instance("VI_1").state, "FAULT")
          t.contains(node:check("mycat.greeting").reason, "refuses connections")
        end)
      ]],
    },
    {
      name = "node", phase = "running", waits = true,
      text = [[
        Makes a node and starts its daemon. Plugins are looked for beside the test, in the folder above, and where the
        configuration says. All nodes of a case are on one wire.
      ]],
      fields = node_options,
      returns = { { name = "node", type = "halua.Node" } },
    },
    {
      name = "advance", phase = "running", waits = true,
      text = "Lets that much time pass, and everything happen that is due. `t.advance(0)` does what is due now.",
      params = { { name = "span", type = "halua.Duration", text = "How long." } },
      returns = {},
    },
    {
      name = "wait_for", phase = "running", waits = true,
      text = "Advances from event to event until the function returns something true; fails when it never does.",
      params = {
        { name = "is_reached", type = "fun(): any", text = "What is waited for." },
        { name = "limit", type = "halua.Duration", default = '"60s"', optional = true, text = "For how long." },
      },
      returns = { { name = "value", type = "any", text = "What it returned." } },
    },
    {
      name = "now", phase = "running", text = "Seconds of played time since the case began.",
      returns = { { name = "seconds", type = "number" } },
    },
    {
      name = "set_time", phase = "running",
      text = "Steps the time of day, as `halua.time` tells it. Timers do not care.",
      params = { { name = "seconds", type = "number", text = "Since 1970." } }, returns = {},
    },
    {
      name = "error", phase = "running",
      text = "An error of the API as the answer of a played world: `return nil, t.error(\"timeout\", \"no answer\")`.",
      params = {
        { name = "kind", type = "string", text = "A kind of `halua.Error`." },
        { name = "message", type = "string", optional = true, text = "Its sentence." },
        { name = "code", type = "integer", optional = true, text = "The number by which a mail server says no." },
      },
      returns = { { name = "err", type = "table" } },
    },
    seen("equal", { anything, { name = "expected", type = "any", text = "What it must be." }, why },
      "Expects a value. Tables are compared by what they hold, and the difference is listed."),
    seen("match", { { name = "seen", type = "any", text = "A text." },
      { name = "pattern", type = "string", text = "A pattern of Lua." }, why }, "Expects a text that fits a pattern."),
    seen("contains", { anything, { name = "part", type = "any", text = "The part." }, why },
      "Expects a part of a text as it stands, or an element of a list, or a part of one of its texts."),
    seen("truthy", { anything, why }, "Expects anything but nil and false."),
    seen("is_true", { anything, why }, "Expects true."),
    seen("is_nil", { anything, why }, "Expects nil."),
    {
      name = "raises", phase = "running", text = "Expects an error.",
      params = {
        { name = "run", type = "fun()", text = "What must raise it." },
        { name = "pattern", type = "string", optional = true, text = "What its text must fit." },
      },
      returns = { { name = "err", type = "any", text = "The error." } },
    },
    seen("fail", { { name = "message", type = "string", text = "Why." } }, "Fails."),

    -- Nodes
    {
      name = "Node:instance", phase = "running", text = "How an instance is now.",
      params = { { name = "name", type = "string", optional = true, text = "Needed when there are several." } },
      returns = { { name = "instance", type = "halua.PlayedInstance" } },
    },
    {
      name = "Node:check", phase = "running", text = "How a tracked check is now.",
      params = { { name = "name", type = "string", text = "`plugin.check`" } },
      returns = { { name = "check", type = "halua.PlayedCheck" } },
    },
    {
      name = "Node:gate", phase = "running", text = "What a promotion gate said last.",
      params = { { name = "name", type = "string", text = "`plugin.gate`" } },
      returns = {
        { name = "gate", type = "{ state: string, reason: string, lease: number? }",
          text = "state: not asked, asking, allowed, excused, denied; lease: seconds that are left." },
      },
    },
    {
      name = "Node:states", phase = "running", text = "Every state that it came to, in order.",
      params = { { name = "instance", type = "string", optional = true, text = "Of this one only." } },
      returns = { { name = "states", type = "string[]", text = '`{ "BACKUP", "MASTER" }`' } },
    },
    {
      name = "Node:events", phase = "running", text = "Everything that the core made known.",
      returns = {
        { name = "events", type = "table[]", text = "at, instance, sentence; transitions have from, to, reason too." },
      },
    },
    {
      name = "Node:adverts", phase = "running", text = "The adverts it has sent.",
      returns = { { name = "adverts", type = "{ at: number, instance: string, priority: integer }[]" } },
    },
    {
      name = "Node:log", phase = "running", text = "What its log says, with every result of a check that was news.",
      params = { { name = "pattern", type = "string", optional = true, text = "Only lines that it fits." } },
      returns = { { name = "lines", type = "string[]" } },
    },
    {
      name = "Node:start", phase = "running", waits = true, text = "Starts its daemon again after `stop` or `kill`.",
      returns = {},
    },
    {
      name = "Node:stop", phase = "running", waits = true,
      text = "SIGTERM: it says goodbye, gives up its addresses, and runs its last hooks.", returns = {},
    },
    {
      name = "Node:kill", phase = "running", waits = true,
      text = "SIGKILL: no goodbye, and the kernel keeps the addresses.", returns = {},
    },
    {
      name = "Node:reload", phase = "running", waits = true,
      text = "Reloads, with the plugins read anew. Raises when the configuration is refused. The instances must stay.",
      params = { { name = "conf", type = "string", optional = true, text = "Another configuration." } }, returns = {},
    },
    {
      name = "Node:link", phase = "running", text = "Puts its cable in or pulls it out.",
      params = { { name = "is_up", type = "boolean", optional = true, text = "false: out." } }, returns = {},
    },
    {
      name = "Node:cut_off", phase = "running", text = "Nothing passes between it and all others any more.",
      returns = {},
    },
    { name = "Node:rejoin", phase = "running", text = "Ends `cut_off`.", returns = {} },
    {
      name = "Node:mute", phase = "running", text = "Sending fails.",
      params = { { name = "sentence", type = "string", optional = true, text = "The error." } }, returns = {},
    },
    { name = "Node:unmute", phase = "running", text = "Sending works again.", returns = {} },
    {
      name = "Node:hear_advert", phase = "running",
      text = "Lets it hear one advert of a router that is not played.",
      fields = {
        { name = "priority", type = "integer", default = "100", text = "0 is a goodbye." },
        { name = "from", type = "string", text = "The sender's address." },
        { name = "interval", type = "halua.Duration", default = "its own", text = "The sender's interval." },
        { name = "virtual_router_id", type = "integer", default = "the instance's",
          text = "Another number: the advert is for its addresses and not for its virtual router." },
        { name = "dropped_by_firewall", type = "boolean", default = "false",
          text = "The host's firewall drops it, and only the guard sees it." },
        { name = "instance", type = "string", text = "Needed when there are several." },
      },
      returns = { { name = "verdict", type = "string", text = "`accepted`, or why it was dropped." } },
    },
    {
      name = "Node:hear_claim", phase = "running",
      text = "Lets it hear that another station uses a virtual address, by ARP or neighbour discovery.",
      fields = {
        { name = "mac", type = "string", default = '"02:00:00:00:00:01"', text = "The station's Ethernet address." },
        { name = "vip", type = "string", default = "the first one", text = "The virtual address." },
        { name = "instance", type = "string", text = "Needed when there are several." },
      },
      returns = {},
    },
    {
      name = "Node:neighbour", phase = "running", waits = true,
      text = "Starts another router with the same instances and no plugins.",
      fields = {
        { name = "priority", type = "integer", default = "50 more", text = "Its priority." },
        { name = "name", type = "string", text = "Its name." },
        { name = "address", type = "string", text = "Its address." },
      },
      returns = { { name = "neighbour", type = "halua.Node" } },
    },
    {
      name = "Node:process", phase = "running", text = "Starts a process, which `halua.process` finds.",
      fields = {
        { name = "name", type = "string", text = "As the kernel shows it; else from exe or cmdline." },
        { name = "cmdline", type = "string|string[]", text = "Its arguments." },
        { name = "exe", type = "string", text = "The file it runs." },
        { name = "cwd", type = "string", text = "Where it runs." },
        { name = "pid", type = "integer", text = "Its number; else a free one." },
        { name = "parent", type = "integer", default = "1", text = "Its parent's number." },
      },
      returns = { { name = "process", type = "halua.PlayedProcess" } },
    },
    { name = "PlayedProcess:freeze", phase = "running", text = "SIGSTOP.", returns = {} },
    { name = "PlayedProcess:thaw", phase = "running", text = "SIGCONT.", returns = {} },
    {
      name = "PlayedProcess:stop", phase = "running", text = "Ends it.",
      params = { { name = "collected", type = "boolean", optional = true, text = "false: it stays as a zombie." } },
      returns = {},
    },
    {
      name = "Node:track_process", phase = "running",
      text = "Says how a `vrrp_track_process` block stands. Until then all are up.",
      params = {
        { name = "name", type = "string", text = "The block." },
        { name = "is_up", type = "boolean", optional = true, text = "false: down." },
        { name = "reason", type = "string", optional = true, text = "Why." },
      },
      returns = {},
    },
    {
      name = "Node:write_file", phase = "running", text = "Writes or replaces a file.",
      params = {
        { name = "path", type = "string", text = "The whole path." },
        { name = "text", type = "string", text = "What is in it." },
      },
      returns = {},
    },
    {
      name = "Node:remove_file", phase = "running", text = "Removes a file.",
      params = { { name = "path", type = "string", text = "The whole path." } }, returns = {},
    },

    -- The network
    {
      name = "Net:refuse", phase = "running", text = "Connections to that address are refused from now on.",
      params = late(connect), returns = {},
    },
    {
      name = "Net:unreachable", phase = "running", text = "There is no route to that address.",
      params = late(connect), returns = {},
    },
    {
      name = "Net:hang", phase = "running", text = "Nothing answers at that address, not even the kernel.",
      params = connect, returns = {},
    },
    {
      name = "Net:accept", phase = "running",
      text = "Connections are accepted, and no word is said: a frozen process whose kernel still accepts.",
      params = late(connect), returns = {},
    },
    {
      name = "Net:close", phase = "running", text = "Connections are accepted and closed.",
      params = late(connect), returns = {},
    },
    {
      name = "Net:serve", phase = "running",
      text = [[
        Connections are accepted and served: by a function, which gets the connection, or by a list. A text of the list
        is sent, a number is waited for in seconds, a function is called with the connection, `t.CLOSE` hangs up. A
        server that has nothing more to say keeps the connection until the plugin hangs up. The bytes go through the
        real connection, so timeouts, patterns and limits hold. TLS is played in plain words.
      ]],
      params = late {
        connect[1],
        { name = "what", type = "async fun(client: halua.Connection)|any[]", text = "The server." },
      },
      returns = {},
      example = [[
        local t = require "halua.test"
        local node = t.node { conf = "halua.conf" }
        node.net:serve("127.0.0.1:25", { "220 ", 0.2, "ready\r\n" })
        node.net:serve("127.0.0.1:6379", function(client)
          while client:receive("*l") do client:send("+PONG\r\n") end
        end)
      ]],
    },
    {
      name = "Net:drop", phase = "running", text = "Closes every connection that is open to an address.",
      params = connect, returns = {},
    },
    {
      name = "Net:connections", phase = "running",
      text = "How many connections to an address are open now: a plugin that forgets to close them shows here.",
      params = connect, returns = { { name = "count", type = "integer" } },
    },
    {
      name = "Net:http", phase = "running",
      text = [[
        What a web server answers. A response has `status` (200), `headers`, and `body`, or `json`, a value. The last
        word for a request holds.
      ]],
      params = {
        { name = "request", type = "string",
          text = '`"GET http://…"`, or a URL for any method; one that ends in `*` is a beginning.' },
        { name = "what", type = "table|async fun(request: table): table?, table?",
          text = "The response, an error of `t.error`, or a function of method, url, headers, body, json." },
      },
      returns = {},
    },
    {
      name = "Net:mail", phase = "running",
      text = "A mail server. The list that it returns grows with each mail that the server takes.",
      params = {
        { name = "server", type = "string", text = '`"192.0.2.25:25"`, always with its port.' },
        { name = "what", type = "table|async fun(mail: table): true?, table?", optional = true,
          text = [[
            An error of `t.error` that it answers by, or a function of the fields of `mail.send` that returns true,
            true and an error about some recipients, or nil and an error. Without it every mail is taken.
          ]] },
      },
      returns = { { name = "taken", type = "table[]", text = "The fields of each call of `mail.send`." } },
      example = [[
        local t = require "halua.test"
        local node = t.node { conf = "halua.conf" }
        local taken = node.net:mail("192.0.2.25:25")
        t.advance "10s"
        t.contains(taken[1].subject, "VI_1")
      ]],
    },
    {
      name = "Net:mysql", phase = "running",
      text = [[
        A database server. `refuse`, `hang` and `accept` (no greeting) for its address end it; connections that are open
        then answer with kind `closed`.
      ]],
      params = {
        connect[1],
        { name = "what", type = "table|async fun(statement: string): table?, table?",
          text = [[Answers by statement (`["*"]` for any other), a function, or an error that refuses the connection. An
            answer is a list of rows, `{ affected = 1, insert_id = 0 }`, an error, or a function.]] },
      },
      returns = {},
    },
    {
      name = "Net:dns", phase = "running", text = "What a name stands for.",
      params = {
        { name = "name", type = "string", text = "The name." },
        { name = "what", type = "table|async fun(name: string, options: table?): table?, table?", optional = true,
          text = "A list as `dns.resolve` returns it, an error, or a function; nil: there is no such name." },
      },
      returns = {},
    },
    {
      name = "Net:udp", phase = "running", text = "What answers datagrams at that address.",
      params = {
        connect[1],
        { name = "what", type = "string|table|fun(datagram: string): string|table|nil",
          text = [[The answer to every datagram, an error of `t.error` that the plugin's next call gets, or a function
            of the datagram that returns either, a list of answers, or nil: silence.]] },
      },
      returns = {},
      example = [[
        local t = require "halua.test"
        local node = t.node { conf = "halua.conf" }
        node.net:udp("127.0.0.1:11211", function(datagram)
          if datagram:find "version" then return "VERSION 1.6.18\r\n" end
        end)
      ]],
    },
    {
      name = "Net:exec", phase = "running", text = "What a program does.",
      params = {
        { name = "command", type = "string|string[]", text = "The program, or how its list of arguments begins." },
        { name = "what", type = "table|async fun(arguments: table): table?, table?",
          text = "A result of `exec` (code is 0 unless it says otherwise), an error, or a function." },
      },
      returns = {},
    },
    {
      name = "Net:answer", phase = "running",
      text = "Answers every call of one function of the API: any that has no word of its own here.",
      params = {
        { name = "path", type = "string", text = '`"icmp.ping"`' },
        { name = "what", type = "any", text = "The result, or a function of the arguments that returns the results." },
      },
      returns = {},
    },
  },
  constants = {
    { name = "CLOSE", type = "table", text = "In a list of `Net:serve`: hang up." },
  },
  classes = {
    {
      name = "halua.Node", text = "A played node.",
      fields = {
        { name = "name", type = "string", text = "Its name." },
        { name = "net", type = "halua.Net", text = "What it sees of the network." },
      },
    },
    { name = "halua.Net", text = "The network as one node sees it." },
    {
      name = "halua.PlayedProcess", text = "A process of a played node.",
      fields = { { name = "pid", type = "integer", text = "Its number." } },
    },
    {
      name = "halua.PlayedInstance", text = "An instance at one moment.",
      fields = {
        { name = "name", type = "string", text = "Its name." },
        { name = "state", type = "string", text = "INIT, BACKUP, MASTER, FAULT; DOWN while the daemon does not run." },
        { name = "priority", type = "integer", text = "The priority that counts." },
        { name = "base_priority", type = "integer", text = "The configured one." },
        { name = "explanation", type = "string", text = "How the one came of the other." },
        { name = "faults", type = "string[]", text = "What keeps it in FAULT." },
        { name = "holds_vips", type = "boolean", text = "Whether its kernel has the addresses." },
        { name = "master", type = "string?", text = "The master it hears." },
        { name = "transitions", type = "integer", text = "How many there were." },
        { name = "last_transition", type = "string", text = "The last one in words." },
      },
    },
    {
      name = "halua.PlayedCheck", text = "A check at one moment.",
      fields = {
        { name = "name", type = "string", text = "`plugin.check`" },
        { name = "state", type = "string", text = "unknown, up, down; error when the script is wrong." },
        { name = "passed", type = "boolean", text = "Whether the last run passed." },
        { name = "reason", type = "string", text = "Why the last run did not." },
        { name = "runs", type = "integer", text = "How many there were." },
        { name = "took", type = "number", text = "Seconds of the last run." },
      },
    },
  },
}
