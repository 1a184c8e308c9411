--- halua.options and its companions: what the operator may set in the configuration.
local TYPES = '"string"|"integer"|"number"|"boolean"|"duration"|"url"|"path"|"address"|"host"|"list"|"addresses"|'
  .. "string[]"

return {
  noun = "options", group = "register", title = "Options",
  text = [[
    The operator sets options in the plugin's block: `lua_plugin mycat { port 8066 }`. The plugin states which there
    are. An option that it does not state, or a value of the wrong type, is refused with the line of the
    configuration.
  ]],
  functions = {
    {
      name = "options", phase = "loading",
      text = [[
        States the options with their defaults, once, and returns the values that hold. The default is an example of
        the type: `5` a whole number, `5.0` any number, `true` on or off, `"5s"` a duration, `"http://…"` a URL, `"/…"`
        a path, `"127.0.0.1"` a host (an IP address or a name), any other string a word, a list a list of such values.
      ]],
      generics = "T: table",
      params = {
        { name = "defaults", type = "table<string, string|number|boolean|table>", annotation = "T",
          text = "The default of each option, or what `halua.choice`, `halua.optional` or `halua.required` returns." },
      },
      returns = { { name = "options", type = "table", annotation = "T",
        text = "A value for each name: a plain table." } },
      example = [[
        local opt = halua.options { host = "127.0.0.1", port = 8066, timeout = "2s", targets = { "192.0.2.1" } }
      ]],
    },
    {
      name = "required", phase = "loading",
      text = "In the place of a default: the operator must set this option.",
      params = {
        { name = "type",
          type = TYPES,
          text = "What kind of value it takes; `list` is a list of strings; a table lists the allowed words." },
      },
      returns = { { name = "default", type = "any", text = "The mark that `halua.options` understands." } },
    },
    {
      name = "optional", phase = "loading",
      text = [[
        In the place of a default: the operator may set this option, and there is no value when he does not: nil, or
        an empty list.
      ]],
      params = {
        { name = "type",
          type = TYPES,
          text = "As for `halua.required`." },
      },
      returns = { { name = "default", type = "any", text = "The mark that `halua.options` understands." } },
      example = [[
        local opt = halua.options { port = 443, ca = halua.optional "path", peers = halua.optional "addresses" }
      ]],
    },
    {
      name = "choice", phase = "loading",
      text = "In the place of a default: one of these words. The first one holds unless the operator sets another.",
      params = { { name = "words", type = "string[]", text = "The words, at least two." } },
      returns = { { name = "default", type = "any", text = "The mark that `halua.options` understands." } },
      example = [[
        local opt = halua.options { without_consul = halua.choice { "deny", "allow" } }
      ]],
    },
    {
      name = "refuse", phase = "loading",
      text = [[
        Refuses what the operator has set: the value has the right type and makes no sense. The configuration is
        refused with the line that sets the option, or with that of `lua_plugin` when none does. It does not return.
      ]],
      params = {
        { name = "option", type = "string", text = "The name of the option." },
        { name = "message", type = "string", text = "Why, and what would be right." },
      },
      returns = {},
      example = [[
        local opt = halua.options { port = 8066 }
        if opt.port < 1 or opt.port > 65535 then
          halua.refuse("port", "a port is a number from 1 to 65535, not " .. opt.port)
        end
      ]],
    },
  },
}
