--- halua.file: small files of this host.
return {
  noun = "file", group = "host", title = "Files",
  text = "Only regular files are read: a FIFO or a device could hold the script thread up.",
  functions = {
    {
      name = "file.read", phase = "running",
      text = "Reads a whole file. Fails with kind `denied` when it cannot be read or is longer than the limit.",
      params = {
        { name = "path", type = "string", text = "The path." },
        { name = "max", type = "integer", optional = true, default = "65536",
          text = "The most octets to read, up to 4 MiB." },
      },
      returns = { { name = "text", type = "string?" }, { name = "err", type = "halua.Error?" } },
      example = [[
        local mounts = assert(halua.file.read "/proc/mounts")
        assert(mounts:find(" / ", 1, true), "the root of the file system is mounted")
      ]],
      runs = true,
    },
  },
}
