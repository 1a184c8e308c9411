--- Tests of disk.lua. Run them with: halua test plugins/tests/disk_test.lua

local t = require "halua.test"

local GIB = 1 << 30

local function conf(check, options)
  return [[
lua_plugin disk as data {
path /var/lib/mysql
]] .. (options or "") .. [[

}
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    priority 100
    virtual_ipaddress {
        192.0.2.10/24
    }
    track_lua {
        data.]] .. check .. [[

    }
}
]]
end

local function master(check, options)
  local node = t.node { conf = conf(check, options), state = "MASTER" }
  return node, function()
    t.advance("35s")
    t.equal(node:instance().state, "FAULT")
    return node:check("data." .. check).reason
  end, function()
    t.advance("80s")
    t.equal(node:check("data." .. check).state, "up")
    t.equal(node:instance().state, "MASTER")
  end
end

local function room(node, changes)
  local all = {
    total = 100 * GIB, free = 60 * GIB, available = 50 * GIB, inodes = 1000, free_inodes = 500, read_only = false,
  }
  for name, value in pairs(changes or {}) do all[name] = value end
  node.net:answer("file.free", all)
end

t.case("a disk needs room, by a share or by a size, and the reason tells how much there is", function()
  local node, reason, passes = master("space")
  room(node)
  passes()
  room(node, { available = 4 * GIB })
  t.equal(reason(), "/var/lib/mysql has 4.0 GiB free (4.0 %), needs 5.0 GiB")
  room(node, { available = 5 * GIB })
  passes()
end)

t.case("a size is a size", function()
  local node, reason, passes = master("space", "min_free 20G")
  room(node, { available = 20 * GIB })
  passes()
  room(node, { available = 20 * GIB - 1 })
  t.contains(reason(), "needs 20.0 GiB")
end)

t.case("files can run out before octets do", function()
  local node, reason, passes = master("inodes", "min_free_inodes 10%")
  room(node)
  passes()
  room(node, { free_inodes = 99 })
  t.equal(reason(), "/var/lib/mysql can hold 99 more files (9.9 %), needs 100")
end)

t.case("a number of files is a number, and means nothing where files are made as they are needed", function()
  local node, reason, passes = master("inodes", "min_free_inodes 100")
  room(node, { inodes = 0, free_inodes = 0 })
  passes()
  room(node, { free_inodes = 99 })
  t.contains(reason(), "can hold 99 more files")
end)

t.case("a disk that is read-only, or not there, is told", function()
  local node, reason = master("space")
  room(node, { read_only = true })
  t.contains(reason(), "is mounted read-only")
  node.net:answer("file.free", function() return nil, t.error("denied", "no such file or directory") end)
  t.equal(reason(), "/var/lib/mysql cannot be looked at: no such file or directory")
end)

local function done(code, stderr) return { code = code, stdout = "", stderr = stderr or "", truncated = false } end

t.case("a write that ends well keeps the address", function()
  local node, _, passes = master("write", "user mysql")
  local seen
  node.net:exec("dd", function(arguments)
    seen = table.concat(arguments, " ")
    return done(0, "1+0 records in\n1+0 records out\n")
  end)
  passes()
  t.contains(seen, "of=/var/lib/mysql/.halua-write")
  t.contains(seen, "conv=fsync")
end)

t.case("a write that fails is told in the words of the system", function()
  local node, reason = master("write")
  node.net:exec("dd", done(1, "dd: failed to open '/var/lib/mysql/.halua-write': Read-only file system\n"))
  t.equal(reason(),
    "a write to /var/lib/mysql failed: failed to open '/var/lib/mysql/.halua-write': Read-only file system")
  node.net:exec("dd", done(1, "dd: fsync failed for 'x': Input/output error\n0+1 records in\n"))
  t.contains(reason(), "fsync failed for 'x': Input/output error")
  node.net:exec("dd", { signal = 9, stdout = "", stderr = "", truncated = false })
  t.contains(reason(), "dd was ended by signal 9")
  node.net:exec("dd", t.error("denied", "there is no user mysql"))
  t.equal(reason(), "a write to /var/lib/mysql could not be tried: there is no user mysql")
end)

t.case("a write that hangs costs the address, and few are started while it hangs", function()
  local node, reason, passes = master("write")
  node.net:exec("dd", done(0))
  passes()
  local tries = 0
  node.net:exec("dd", function()
    tries = tries + 1
    halua.sleep "1h"
  end)
  t.match(reason(), "hang")
  t.advance("5m")
  t.truthy(tries <= 12, "tried " .. tries .. " times")
  t.match(node:check("data.write").reason, "hang")
  node.net:exec("dd", done(0))
  passes()
end)

t.case("wrong options are refused with their line", function()
  local function refused(options, pattern)
    t.raises(function() t.node { conf = conf("space", options) } end, pattern)
  end
  refused("min_free some", '3:?%d*: min_free of plugin data: takes a share such as 5%% .* not "some"')
  refused("min_free 101%", "3:?%d*: min_free of plugin data")
  refused("min_free_inodes 5G", "3:?%d*: min_free_inodes of plugin data: takes a share such as 5%% or a number, not")
  refused("file a/b", "3:?%d*: file of plugin data: takes the name of a file")
  refused("fiel a", '3:?%d*: plugin data has no option "fiel"')
  t.raises(function()
    t.node { conf = (conf("space"):gsub("path [^\n]+", "path here")) }
  end, "2:?%d*: path of plugin data takes a path")
end)
