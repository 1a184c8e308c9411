--- halua.file: files of this host, their state, and the moment they change.
return {
  noun = "file", group = "host", title = "Files",
  text = [[
    These functions are for local files: they do not wait, but a file server that does not answer would hold the script
    thread up. What may take long, such as writing, or the room on a network's disk, is a task for `halua.exec`.
  ]],
  functions = {
    {
      name = "file.read", phase = "running",
      text = [[
        Reads a whole file. Only regular files are read: a FIFO or a device could hold the script thread up. Fails with
        kind `denied` when it cannot be read or is longer than the limit.
      ]],
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
    {
      name = "file.stat", phase = "running",
      text = [[
        Says what a file is, symbolic links followed. Fails with kind `denied` when there is none of that name or it
        may not be looked at.
      ]],
      params = { { name = "path", type = "string", text = "The path." } },
      returns = { { name = "status", type = "halua.FileStatus?" }, { name = "err", type = "halua.Error?" } },
      example = [[
        local status = assert(halua.file.stat "/etc/passwd")
        assert(status.kind == "file" and status.size > 0 and halua.time() > status.mtime)
      ]],
      runs = true,
    },
    {
      name = "file.free", phase = "running",
      text = "Says how much room the file system has that a path lies in. Fails with kind `denied`.",
      params = { { name = "path", type = "string", text = "Any path in the file system." } },
      returns = { { name = "room", type = "halua.FileRoom?" }, { name = "err", type = "halua.Error?" } },
      example = [[
        local room = assert(halua.file.free "/")
        if room.available < room.total / 20 then halua.log.warn "less than 5 % of the disk is free" end
      ]],
      runs = true,
    },
    {
      name = "file.watch", phase = "always",
      text = [[
        Watches a file, which need not exist yet: it is told when it is made, written, replaced by renaming, or removed.
        Give the watch to `wake_on` of a check, or wait for it. While its directory does not exist, the watch waits for
        that to be made. Fails with kind `denied` when the plugin has too many handles or the system too many watches.
      ]],
      params = { { name = "path", type = "string", text = "The whole path." } },
      returns = { { name = "watch", type = "halua.FileWatch?" }, { name = "err", type = "halua.Error?" } },
      example = [[
        local switch <close> = assert(halua.file.watch "/run/maintenance")
        local change, err = switch:wait "5ms"
        assert(change or err.kind == "timeout")
      ]],
      runs = true,
    },
    {
      name = "FileWatch:wait", phase = "running", waits = true,
      text = [[
        Waits for the next change, and returns at once when there was one since the last call. However much happens in
        between, it is told as the one change that it comes to. One task waits at a time. Fails with kind `timeout`, and
        with kind `closed` when the watch is closed.
      ]],
      params = {
        { name = "timeout", type = "halua.Duration", optional = true, default = "none", text = "How long to wait." },
      },
      returns = {
        { name = "change", type = '"created"|"changed"|"removed"|nil' },
        { name = "detail", type = "string|halua.Error|nil",
          text = "A sentence when there is more to say, such as that the directory has gone; or the error." },
      },
    },
    { name = "FileWatch:close", phase = "always", text = "Ends the watch.", returns = {} },
  },
  classes = {
    { name = "halua.FileWatch", text = "A watched file. Can be bound with `<close>`." },
    {
      name = "halua.FileStatus", text = "What a file is.",
      fields = {
        { name = "kind", type = '"file"|"directory"|"fifo"|"socket"|"block"|"character"|"other"', text = "Its kind." },
        { name = "size", type = "integer", text = "Octets." },
        { name = "mtime", type = "number", text = "When its content changed, in seconds since 1970." },
        { name = "mode", type = "string", text = 'Its permissions as four octal digits: "0644".' },
        { name = "owner", type = "integer", text = "The number of its user." },
        { name = "group", type = "integer", text = "The number of its group." },
      },
    },
    {
      name = "halua.FileRoom", text = "The room in a file system.",
      fields = {
        { name = "total", type = "integer", text = "Octets in all." },
        { name = "free", type = "integer", text = "Octets that are free." },
        { name = "available", type = "integer", text = "Octets that users other than root may still take." },
        { name = "inodes", type = "integer", text = "Files in all; 0 where the file system has no such limit." },
        { name = "free_inodes", type = "integer", text = "Files that can still be made." },
        { name = "read_only", type = "boolean", text = "Nothing can be written." },
      },
    },
  },
}
