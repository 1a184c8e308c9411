--- Notices by mail: who holds the addresses, what has failed, and above all when two nodes say that they are master.
--
-- halua.conf:
--
--   lua_plugin mail {
--       server mail.example.org
--       to ops@example.org
--   }
--
-- No instance has to name it. A keepalived.conf needs none of this: its own words (notification_email, smtp_server,
-- smtp_alert) load this plugin, see halua.conf(5).
--
-- Several kinds of readers: load it once for each, `lua_plugin mail as oncall { tell CONFLICT … }`.
--
-- A node that flaps sends no flood. `burst` mails leave at once; after those one leaves each `pause`, and has
-- everything in it that happened meanwhile. A mail that cannot be delivered is tried again after 1, 2, 4 … seconds, at
-- most a minute, until it is `give_up` old; what waits survives a reload. What the server refuses for good (5yz) is
-- given up at once, and the log says so. A recipient who is refused does not keep the mail from the others.
--
-- A conflict is one incident: told when it begins, and once more when it has been over for `calm`.
--
-- A password belongs to root alone: chmod 600 the configuration. It is never logged, and sent by TLS only.

local halua = require "halua"
local keepalived = require "mail.keepalived"
local text = require "mail.text"
local conflicts = require "notices.conflicts"
local outbox = require "notices.outbox"
local words = require "notices.words"

local opt = halua.options {
  -- "mail.example.org", "192.0.2.25:587", "[2001:db8::25]:25".
  server = halua.required "string",
  to = halua.required "list",
  cc = halua.optional "list",
  -- halua@ and the node's name when it is left out.
  from = halua.optional "string",
  -- How this node calls itself; its host name when it is left out.
  node = halua.optional "string",
  -- What to tell: states that an instance came to (INIT is the end of the daemon), and conflicts.
  tell = { "MASTER", "FAULT", "CONFLICT" },
  -- Whose states: instances by name, * for all of them, and sync groups with their members, as in VG_1=VI_1,VI_2.
  instances = { halua.ANY },
  -- Checks whose changes are told, as plugin.check.
  checks = halua.optional "list",
  -- What a subject begins with; [node] when it is left out.
  prefix = halua.optional "string",
  -- keepalived: subjects, and the first line of each mail, as keepalived writes them.
  form = halua.choice { "halua", "keepalived" },
  -- How long a conflict must be over before its end is told.
  calm = "10s",
  -- Mails that may leave at once, and after which time one more may.
  burst = 5,
  pause = "1m",
  -- How long one delivery may take.
  timeout = "30s",
  -- How long an undelivered mail is tried again.
  give_up = "1h",
  -- How many notices may wait. Beyond, the oldest are left out, which the log and the next mail say.
  queue = 50,
  -- How this node names itself to the server; its host name when it is left out.
  helo = halua.optional "string",
  -- starttls: no mail without it. smtps: TLS from the beginning, port 465.
  tls = halua.choice { "off", "starttls", "smtps" },
  verify = true,
  -- A PEM file with the authorities to trust instead of the system's.
  ca = halua.optional "path",
  user = halua.optional "string",
  password = halua.optional "string",
}

-- What the operator wants ------------------------------------------------------------------------------------------

local node = opt.node or halua.hostname
local from = opt.from or "halua@" .. halua.hostname
local told = words.told(opt.tell)

local function refuse_unless(is_right, option, message)
  if not is_right then halua.refuse(option, message) end
end

-- As halua.mail.send takes them.
local BARE = '^[^%c\x20\x7F-\xFF<>()%[%],;:"\\@]+$'
local function check_address(option, word)
  local name, domain = word:match "^([^@]*)@?([^@]*)$"
  local is_right = name and name:match(BARE) and (domain:match(BARE) or not word:find("@", 1, true)) and #word <= 254
  refuse_unless(is_right, option, ("%q is no mail address: write it bare, as in ops@example.org"):format(word))
end
check_address("from", from)
for _, word in ipairs(opt.to) do check_address("to", word) end
for _, word in ipairs(opt.cc) do check_address("cc", word) end

local port = opt.server:match "^[%w._-]+:(%d+)$" or opt.server:match "^%[[%x:.]+%]:(%d+)$"
refuse_unless(
  port and #port < 6 and tonumber(port) >= 1 and tonumber(port) <= 65535
    or not port and (opt.server:match "^[%w._-]+$" or opt.server:match "^%x*:%x*:[%x:.]*$"),
  "server", "is a host, or a host and a port from 1 to 65535, as in mail.example.org:25")
refuse_unless(not opt.helo or opt.helo:match "^%[?[%w._:-]+%]?$", "helo", "is the name of a host")
refuse_unless(not opt.prefix or not opt.prefix:find "%c", "prefix", "has no control characters")
refuse_unless(#opt.to + #opt.cc <= 100, "to", "takes 100 recipients at most, with cc")
refuse_unless(halua.seconds(opt.timeout) <= 300, "timeout", "takes 5m at most")
refuse_unless(opt.queue >= 1 and opt.queue <= 500, "queue", "takes 1 to 500")
refuse_unless(opt.burst >= 1 and opt.burst <= 100, "burst", "takes 1 to 100")
refuse_unless(halua.seconds(opt.pause) >= 1, "pause", "takes 1s at least")
refuse_unless(
  not opt.user or opt.tls ~= "off", "user", "needs tls starttls or smtps: no password is sent in plain words")
refuse_unless(not opt.password or opt.user, "password", "needs a user")

--- Names of instances as a set, nil for all, and groups with their members.
local function parse_subjects()
  local instances, groups, is_any = {}, {}, false
  for _, word in ipairs(opt.instances) do
    local group, members = word:match "^(.-)=(.*)$"
    if word == halua.ANY then
      is_any = true
    elseif not group then
      instances[word] = true
    else
      local names = {}
      for name in members:gmatch "[^,]+" do names[#names + 1] = name end
      refuse_unless(group ~= "" and #names > 0, "instances", ("%q is no group: write NAME=MEMBER,MEMBER"):format(word))
      groups[#groups + 1] = { name = group, members = names }
    end
  end
  return not is_any and instances or nil, groups
end
local wanted, groups = parse_subjects()
local prefix = (opt.prefix or ("[%s]"):format(node)):gsub("(%S)$", "%1 ")

-- How many, and when ------------------------------------------------------------------------------------------------

local is_ending = false

--- How many mails may leave now.
local function mails_left()
  local spent = outbox.kept "mails"
  return math.min(opt.burst, (spent.left or opt.burst) + (halua.now() - (spent.at or 0)) / halua.seconds(opt.pause))
end

--- Each notice has a mail of its own as long as there are enough of them, else all that wait go together.
local function batch(queue)
  if is_ending then return #queue end
  local left = mails_left()
  if #queue <= left then return 1 end
  return left >= 1 and #queue or 0
end

local function deliver(waiting, left_out)
  local subject, body = text.of(waiting, left_out, prefix)
  local is_sent, err = halua.mail.send {
    server = opt.server, to = opt.to, cc = opt.cc[1] and opt.cc, from = from, subject = subject, body = body,
    helo = opt.helo, timeout = opt.timeout, tls = opt.tls, verify = opt.verify, ca = opt.ca, user = opt.user,
    password = opt.password,
  }
  if not is_sent then
    local is_final = err.code and err.code >= 500
    return nil, tostring(err), not is_final
  end
  if err then halua.log.warn("some recipients got no mail: " .. err) end
  halua.store.mails = { left = mails_left() - 1, at = halua.now() }
  return true
end

local notices = outbox.new {
  name = "mail", receiver = opt.server, limit = opt.queue, give_up = halua.seconds(opt.give_up), deliver = deliver,
  batch = batch,
}

local function tell(ev, notice) notices.put(words.complete(notice, ev, node), ev.at) end

-- States ------------------------------------------------------------------------------------------------------------

local function of_state(ev, severity, said, more)
  local notice = {
    event = "state", severity = severity, text = said, from = ev.from, state = ev.to, reason = ev.sentence,
    peer = ev.peer,
  }
  for name, value in pairs(more or {}) do notice[name] = value end
  tell(ev, notice)
end

local function tell_instance(ev)
  if opt.form == "keepalived" then
    local form = keepalived.of_instance(ev, told)
    if form then of_state(ev, "info", ("%s: %s"):format(ev.to, ev.sentence), form) end
  else
    local severity, said = words.of_transition(ev, told)
    if severity then of_state(ev, severity, said) end
  end
end

local function tell_groups(ev, is_before)
  for _, form in ipairs(keepalived.of_groups(ev, told, groups, is_before)) do
    local said = ("group %s, all instances: %s"):format(form.group, ev.to)
    of_state(ev, "info", said, opt.form == "keepalived" and form or nil)
  end
end

local function changed(ev)
  tell_groups(ev, true)
  keepalived.entered(ev)
  if not wanted or wanted[ev.instance.name] then tell_instance(ev) end
  tell_groups(ev, false)
  -- Nothing comes after it that would send it.
  if ev.to == "INIT" then
    is_ending = true
    notices.send_all()
    is_ending = false
  end
end
halua.on.change(changed)

-- keepalived also mails the state in which an instance begins, which is there before any hook is.
if opt.form == "keepalived" then
  halua.spawn(function()
    for _, vi in ipairs(halua.instances()) do
      if vi.state ~= "INIT" and not keepalived.is_known(vi) then
        changed {
          instance = vi, from = "INIT", to = vi.state, sentence = "started", priority = vi.priority, vips = vi.vips,
          peer = vi.master, at = halua.now(),
        }
      end
    end
  end)
end

--- A name that is nobody's would be silence for ever.
local function warn_of_unknown(name)
  if not halua.instance(name) then
    halua.log.warn(("there is no vrrp_instance %s: nothing is mailed about it"):format(name))
  end
end
halua.spawn(function()
  for name in pairs(wanted or {}) do warn_of_unknown(name) end
  for _, group in ipairs(groups) do
    for _, name in ipairs(group.members) do warn_of_unknown(name) end
  end
end)

-- Conflicts and checks ----------------------------------------------------------------------------------------------

if told.CONFLICT then conflicts.watch(halua.ANY, halua.seconds(opt.calm), tell) end

for _, name in ipairs(opt.checks) do
  refuse_unless(name:match "^[%w_-]+%.[%w_-]+$", "checks", ("%q is no check: write plugin.check"):format(name))
  halua.on.check(name, function(ev)
    local last = outbox.kept "checks"
    -- The hook is told what holds at a start and after a reload: that a check is well then is no news.
    local before = last[name] or "up"
    last[name] = ev.state
    halua.store.checks = last
    if ev.state == before then return end
    local said = ev.state == "up" and "up again" or ("%s: %s"):format(ev.state, ev.reason)
    notices.put({
      event = "check", severity = ev.ok and "info" or "warning", text = ("check %s is %s"):format(name, said),
      host = node, reason = ev.reason, time = math.floor(halua.time() - (halua.now() - ev.at)),
    }, ev.at)
  end)
end
