--- The table halua itself: which halua this is, and how its modules are found.
return {
  noun = "about", group = "about", title = "halua itself",
  text = "The API is one table, `halua`. It is a global, and `require \"halua\"` returns the same table.",
  functions = {
    {
      name = "require", phase = "always", global = true,
      text = [[
        Returns a module: `halua`, which is the API, or one of a plugin author's. The module `a.b` is the file
        `a/b.lua` in the directory `lib` beside the plugin, in the directory `lib` of those of `lua_path`, or in
        `/usr/share/halua/lua`. Its code gets the name and the path; what it returns is the module, `true` when it
        returns nothing. Each module is loaded once for each plugin, and only while the plugin is loaded. Its file must
        be as safe as a plugin's: nobody but root may be able to change it. Modules that require each other are refused.
      ]],
      params = { { name = "name", type = "string", text = "The name of the module." } },
      returns = { { name = "module", type = "table" } },
      example = [[local api = require "halua"]],
      runs = true,
    },
    {
      name = "require_api", phase = "always",
      text = "Raises an error when this halua does not keep the contract that the plugin was written for.",
      params = { { name = "number", type = "integer", text = "The contract: 1." } },
      returns = {},
      example = [[halua.require_api(1)]],
      runs = true,
    },
  },
  constants = {
    { name = "api", type = "integer", text = "The number of the contract. Additions do not change it." },
    { name = "version", type = "string", text = "The version of halua." },
    { name = "ANY", type = "string",
      text = "Every instance, where the name of one may stand: `*`, so that the operator can write it, too." },
    { name = "hostname", type = "string", text = "The name of this host." },
  },
  aliases = {
    { name = "halua.Duration", type = "number|string",
      text = [[
        A span of time: a number is seconds; a string carries its unit, `us`, `ms`, `s`, `m` or `h`, as in `"250ms"`
        and `"1.5s"`. At most a year.
      ]] },
  },
}
