--- halua.store: a table that survives a reload.
return {
  noun = "store", group = "data", title = "The store",
  text = [[
    `halua.store` is a table whose contents survive a reload of the plugins. Each plugin has its own. It is there
    while the plugin runs, not while it is loaded. A restart of the daemon empties it: what must survive that belongs
    into a file or a database.

    It keeps plain data: strings, numbers, booleans, and tables of them, 32 tables deep at most, without cycles and
    without metatables; keys are strings and numbers. All together a plugin may keep 1 MiB. An assignment of anything
    else is an error with file and line, and changes nothing.

    A table in the store is the script's own: `halua.store.seen.x = 1` changes it like any table. What is carried over
    is what it holds at the reload. If something has been put into it that cannot be kept, the log says so, and
    that field of the store is left out. Two fields with the same table become two tables.

    Should the script thread have to be replaced because it is stuck, each field is what was assigned to it last:
    assign a table again (`halua.store.seen = seen`) when changes inside of it must not be lost then.
  ]],
  constants = {
    { name = "store", type = "table", text = "What this plugin keeps." },
  },
}
