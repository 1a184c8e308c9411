--- The JVM of Mycat and the wrapper around it: who is there, and what the kernel knows of a JVM that says nothing.

local halua = require "halua"

-- The kernel counts the time that a process computes in hundredths of a second, whatever its own clock.
local TICKS = 100
-- From this share of a core on a silent JVM is busy, and what keeps it from answering is its garbage collector.
local BUSY = 0.8

local JVM = {}
JVM.__index = JVM

--- `home`: the directory of the installation, or nil for whatever Mycat there is.
function JVM.new(main_class, home)
  return setmetatable({
    main_class = main_class, home = home and home:gsub("/+$", "") or nil,
    watch = halua.process.watch { cmdline = main_class },
    -- What was seen last, to tell "has ended" from "was never there".
    last = nil,
    -- Computing time of a silent JVM: where it stood, and when.
    sample = nil,
  }, JVM)
end

--- Whether the process belongs to the installation in `home`: by its -DMYCAT_HOME, which the wrapper sets to ".", so
-- that it stands for the directory the JVM runs in.
function JVM:is_ours(status)
  if not self.home then return true end
  local home = status.cwd
  for _, argument in ipairs(status.arguments) do
    local given = argument:match("^%-DMYCAT_HOME=(.*)$")
    if given and given ~= "." then home = given end
  end
  return home ~= nil and home:gsub("/+$", "") == self.home
end

--- The JVM that runs, and else one that is stopped; nil when there is none. The second result: how many there are.
function JVM:look()
  local stopped, running
  local count = 0
  for _, pid in ipairs(self.watch:pids()) do
    local status = halua.process.status(pid)
    if status and status.state ~= "zombie" and self:is_ours(status) then
      count = count + 1
      if status.state == "stopped" or status.state == "traced" then
        stopped = status
      else
        running = running or status
      end
    end
  end
  local found = running or stopped
  if found then self.last = found end
  return found, count
end

--- The wrapper that started the JVM, when it is there.
function JVM:wrapper()
  local parent = self.last and self.last.parent > 1 and halua.process.status(self.last.parent)
  if parent and parent.state ~= "zombie" and parent.name:find("^wrapper") then return parent end
  -- An argument that the wrapper has and the JVM has not. Of several Mycats the home tells which.
  local words = { "wrapper.syslog.ident=mycat" }
  if self.home then
    words = { self.home .. "/conf/wrapper.conf", self.home .. "/bin/../conf/wrapper.conf" }
  end
  for _, status in ipairs(halua.process.find { cmdline = words }) do
    if status.state ~= "zombie" then return status end
  end
end

--- How often the wrapper has started it anew: its number of the JVM counts from 1.
local function restarts(status)
  for _, argument in ipairs(status.arguments) do
    local number = argument:match("^%-Dwrapper%.jvmid=(%d+)$")
    if number then return tonumber(number) - 1 end
  end
  return 0
end

--- Whether a wrapper had started it: it gives the JVM its own settings.
local function was_wrapped(status)
  for _, argument in ipairs(status.arguments) do
    if argument:find("^%-Dwrapper%.") then return true end
  end
  return false
end

function JVM:why_gone()
  local wrapper = self:wrapper()
  if not self.last then
    local reason = "no process runs " .. table.concat(self.main_class, " or ")
    if self.home then reason = reason .. (" in %s"):format(self.home) end
    if wrapper then
      return ("%s; its wrapper (process %d) is there: it starts the JVM, or waits to"):format(reason, wrapper.pid)
    end
    return reason
  end
  local last = self.last
  local ended = ("the JVM (process %d) has ended"):format(last.pid)
  local times = restarts(last)
  if times > 0 then
    ended = ended .. (", which the wrapper had started anew %d time%s"):format(times, times == 1 and "" or "s")
  end
  if wrapper and (wrapper.state == "stopped" or wrapper.state == "traced") then
    return ("%s; its wrapper (process %d) is %s and does not start it anew"):format(ended, wrapper.pid, wrapper.state)
  elseif wrapper then
    return ("%s; its wrapper (process %d) is there and starts it anew"):format(ended, wrapper.pid)
  end
  local status = halua.process.status(last.pid)
  local is_uncollected = status and status.started == last.started and status.state == "zombie"
  -- Parent 0 is outside of what this host sees: there is nothing to say about it.
  if is_uncollected and status.parent ~= 0 then
    return ("%s, and its parent %d has not collected it"):format(ended, status.parent)
  end
  if was_wrapped(last) then return ended .. ", and so has its wrapper: nobody starts it anew" end
  return ended
end

--- Seconds since the JVM was started; nil when that cannot be told.
function JVM:age()
  local status = self:look()
  local uptime = halua.file.read "/proc/uptime"
  local seconds = uptime and tonumber(uptime:match("^[%d.]+"))
  return status and seconds and seconds - status.started / TICKS
end

-- What the kernel knows --------------------------------------------------------------------------------------------

local function computing(pid)
  local text = halua.file.read(("/proc/%d/stat"):format(pid))
  -- The name in parentheses may have spaces and parentheses of its own.
  local user, system = (text or ""):match("^.*%) %S" .. (" %S+"):rep(10) .. " (%d+) (%d+)")
  return user and (tonumber(user) + tonumber(system)) / TICKS
end

--- Begins to measure how much a silent JVM computes.
function JVM:begin_sample()
  local status = not self.sample and self:look()
  local seconds = status and computing(status.pid)
  if seconds then self.sample = { pid = status.pid, seconds = seconds, at = halua.now() } end
end

function JVM:end_sample() self.sample = nil end

--- Cores that were busy since begin_sample; nil when that was too short ago.
function JVM:load()
  local sample = self.sample
  local span = sample and halua.now() - sample.at
  if not span or span < 0.5 then return nil end
  local seconds = computing(sample.pid)
  return seconds and (seconds - sample.seconds) / span
end

--- How many file descriptors are open and how many may be, when (nearly) none is left. Kernels before 6.2 do not tell.
local function exhausted(pid)
  local folder = halua.file.stat(("/proc/%d/fd"):format(pid))
  local limits = halua.file.read(("/proc/%d/limits"):format(pid))
  local most = limits and tonumber(limits:match("Max open files%s+(%d+)"))
  if folder and most and folder.size >= most - 1 then return folder.size, most end
end

--- How many connections wait to be accepted at a port; nil when that cannot be told.
function JVM.queue(port)
  local waiting
  -- A busy host has a line for each of ten thousands of connections: only a plain search is quick enough.
  for path, digits in pairs { ["/proc/net/tcp"] = 8, ["/proc/net/tcp6"] = 32 } do
    local listening = (":%04X %s:0000 0A "):format(port, ("0"):rep(digits))
    local text = halua.file.read(path, 1024 * 1024) or ""
    local _, last = text:find(listening, 1, true)
    while last do
      local count = text:match("^%x+:(%x+)", last + 1)
      waiting = math.max(waiting or 0, tonumber(count or "0", 16))
      _, last = text:find(listening, last, true)
    end
  end
  return waiting
end

--- What the kernel says about a JVM that does not answer: words, or nil when it says nothing of use.
function JVM:why_silent()
  local status = self:look()
  if not status then return nil end
  if status.state == "stopped" or status.state == "traced" then
    return ("the JVM (process %d) is %s: it runs no instruction until it is continued"):format(
      status.pid, status.state)
  end
  local open, most = exhausted(status.pid)
  if open then
    return ("the JVM (process %d) has %d of %d file descriptors open, so it can accept nobody"):format(
      status.pid, open, most)
  end
  local load = self:load()
  if load and load >= BUSY then
    return ("the JVM (process %d) keeps %.1f cores busy and answers nobody: it collects garbage, its heap is full")
      :format(status.pid, load)
  end
  return nil, load
end

return JVM
