-- Plugins and their tests run in halua's sandbox: what is not there is no global here either.
std = "lua54"
max_line_length = 120
read_globals = { "halua" }
not_globals = { "arg", "dofile", "io", "loadfile", "package", "warn" }

-- The generator runs in a plain Lua.
files["plugins/library/generate"] = { read_globals = { "arg", "dofile", "io" }, globals = { "package" } }

-- The library of the tests makes itself known.
files["Sources/PluginTesting/Library"] = { globals = { "halua", "require" } }

-- Annotations are no code.
exclude_files = { "plugins/library/*.d.lua" }
