--- halua.options and halua.required: what the operator may set in the configuration.
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
        States the options with their defaults, once, and returns the values that hold. The default decides about
        the type: a string, a number, a boolean, a list of them, or a duration when it is a string such as `"5s"`.
      ]],
      params = {
        { name = "defaults", type = "table<string, string|number|boolean|table>",
          text = "The default of each option, or `halua.required(type)`." },
      },
      returns = { { name = "options", type = "table", text = "A value for each name: a plain table." } },
      example = [[
        local opt = halua.options { host = "127.0.0.1", port = 8066, timeout = "2s", targets = { "192.0.2.1" } }
      ]],
    },
    {
      name = "required", phase = "loading",
      text = "In the place of a default: the operator must set this option.",
      params = {
        { name = "type", type = '"string"|"number"|"boolean"|"duration"|"url"|"list"',
          text = "What kind of value it takes; `list` is a list of strings." },
      },
      returns = { { name = "default", type = "any", text = "The mark that `halua.options` understands." } },
    },
  },
}
