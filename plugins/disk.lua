--- A disk: it has room, it can hold more files, and a write to it comes to its end.
--
-- halua.conf:
--
--   lua_plugin disk as data {           # load it as often as needed, each time under another name
--       path /var/lib/mysql             # a directory on the disk
--       min_free 5%                     # data.space: a share, or so much: 500M, 20G, 1T (powers of 1024)
--       min_free_inodes 1%              # data.inodes: a share, or a number
--       user mysql                      # data.write: who writes; a user that may, and with no more rights than needed
--       file .halua-write               # … into this file, which stays there with 4096 octets
--   }
--   vrrp_instance VI_1 {
--       ...
--       track_lua {
--           data.space weight -10
--           data.write
--       }
--   }
--
-- data.space and data.inodes: what users other than root may still take. A disk that is mounted read-only has failed.
--
-- data.write: `dd` writes one block and waits until the disk has it. A disk that is full, read-only after an error, or
-- hangs fails this; a program that only reads from its cache would not notice for hours. A hanging write cannot be
-- ended, not even by SIGKILL; the next runs fail while it hangs, and no more than one write is started in 30 seconds
-- then.
--
-- All three are for local disks. For one on the network track data.write alone: asking a file server that does not
-- answer for its room would hold the scripts up.
--
-- Every 10 seconds, for 5 seconds at most; two failures in a row put the node into FAULT, two successes take it out.
-- `interval`, `timeout`, `fall`, `rise` and `weight` in track_lua change that.

local halua = require "halua"

local opt = halua.options {
  path = halua.required "path",
  min_free = "5%",
  min_free_inodes = "1%",
  user = "",
  file = ".halua-write",
}

if opt.file == "" or opt.file:find("[/%c]") or opt.file == "." or opt.file == ".." then
  halua.refuse("file", "takes the name of a file in the path, without / and control characters")
end

local UNITS = { [""] = 1, K = 1 << 10, M = 1 << 20, G = 1 << 30, T = 1 << 40 }

--- "5%" → a function from the total to the least number, and the same in words.
local function least(option, units)
  local number, unit = opt[option]:match("^(%d+%.?%d*)(%%?%a?)$")
  if number and unit == "%" and tonumber(number) <= 100 then
    return function(total) return total * tonumber(number) / 100 end
  elseif number and units[unit] then
    return function() return tonumber(number) * units[unit] end
  end
  halua.refuse(option, ("takes a share such as 5%% or a number%s, not \"%s\""):format(
    units.G and " such as 500M or 20G" or "", opt[option]))
end

local least_room = least("min_free", UNITS)
local least_inodes = least("min_free_inodes", { [""] = 1 })

--- Octets for people.
local function size(octets)
  for _, unit in ipairs { "T", "G", "M", "K" } do
    if octets >= UNITS[unit] then return ("%.1f %siB"):format(octets / UNITS[unit], unit) end
  end
  return ("%d octets"):format(octets)
end

--- Registers a check of the room; `judge` gets it and returns what the check returns.
local function check_room(name, judge)
  halua.check {
    name = name,
    interval = "10s", timeout = "5s", fall = 2, rise = 2,
    run = function()
      local room, err = halua.file.free(opt.path)
      if not room then
        return false, ("%s cannot be looked at: %s"):format(opt.path, (err.message:gsub("^file%.free .-: ", "")))
      end
      if room.read_only then
        return false, opt.path .. " is mounted read-only: the kernel does that after an error of the disk"
      end
      return judge(room)
    end,
  }
end

check_room("space", function(room)
  local needed = least_room(room.total)
  if room.available >= needed then return true end
  return false, ("%s has %s free (%.1f %%), needs %s"):format(
    opt.path, size(room.available), 100 * room.available / math.max(room.total, 1), size(needed))
end)

check_room("inodes", function(room)
  -- Such a file system makes them as it needs them.
  if room.inodes == 0 then return true end
  local needed = least_inodes(room.inodes)
  if room.free_inodes >= needed then return true end
  return false, ("%s can hold %d more files (%.1f %%), needs %d"):format(
    opt.path, room.free_inodes, 100 * room.free_inodes / room.inodes, math.ceil(needed))
end)

-- The write -------------------------------------------------------------------------------------------------------

local target = opt.path:gsub("/+$", "") .. "/" .. opt.file

-- nofollow: whoever may write to the directory must not be able to point the write at another file.
local COMMAND = { "dd", "if=/dev/zero", "of=" .. target, "bs=4096", "count=1", "conv=fsync", "oflag=nofollow" }

-- A write that hangs in the kernel stays there; each further one would, too.
local PATIENCE = 30
-- Since when writes hang, and when the last one was started.
local hangs_since, tried

--- The last line that dd printed, without its own name: "failed to open '/x': No space left on device".
local function complaint(result)
  local line
  for text in result.stderr:gmatch("[^\n]+") do
    if text:find("^dd: ") then line = text:gsub("^dd: ", "") end
  end
  if line then return line end
  if result.signal then return ("dd was ended by signal %d"):format(result.signal) end
  return ("dd ended with exit code %d"):format(result.code)
end

halua.check {
  name = "write",
  interval = "10s", timeout = "5s", fall = 2, rise = 2,
  run = function(ctx)
    if hangs_since and halua.now() - tried < PATIENCE then
      return false, ("writes to %s hang for %.0f s"):format(opt.path, halua.now() - hangs_since)
    end
    -- A little less than what is left, so that the reason is told here and not by the deadline.
    local limit = math.max(0.01, (ctx.deadline - halua.now()) * 0.9)
    tried = halua.now()
    local command = { table.unpack(COMMAND) }
    command.timeout, command.user = limit, opt.user ~= "" and opt.user or nil
    command.env = { LC_ALL = "C" }
    local result, err = halua.exec(command)
    if not result and err.kind == "timeout" then
      hangs_since = hangs_since or tried
      return false, ("a write to %s did not come to its end within %.1f s: the disk hangs"):format(opt.path, limit)
    end
    hangs_since = nil
    if not result then
      return false, ("a write to %s could not be tried: %s"):format(opt.path, (err.message:gsub("^exec ", "")))
    end
    if result.code == 0 then return true end
    return false, ("a write to %s failed: %s"):format(opt.path, complaint(result))
  end,
}
