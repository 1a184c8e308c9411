--- Notices to a web address: who holds the addresses, and above all when two nodes say that they do.
--
-- keepalived.conf:
--
--   lua_plugin webhook {
--       url https://hooks.slack.com/services/T000/B000/secret
--   }
--
-- That is all for Slack and what understands the same (Mattermost, Rocket.Chat). No instance has to name it.
-- `format json` sends an object with everything that is known:
--
--   { "event": "conflict", "phase": "begin", "host": "node1", "instance": "VI_1", "state": "MASTER", "severity":
--     "critical", "text": "…", "reason": "…", "priority": 100, "vips": ["192.0.2.1"], "peer": "192.0.2.12",
--     "time": 1767225600, "seconds_ago": 0 }
--
-- With `fields` the object is what the receiver wants: a name, a text with <words> of the object above in it, dots for
-- objects in objects. PagerDuty (`url https://events.pagerduty.com/v2/enqueue`), for example, takes
--
--   fields routing_key=KEY event_action=trigger "payload.summary=<host>: <text>" payload.source=<host>
--          payload.severity=<severity>       (all on one line)
--
-- Several receivers: load it once for each, `lua_plugin webhook as pager { … }`.
--
-- A conflict is one incident: told when it begins, and once more when it has been over for `calm`. What begins again
-- before that belongs to it. A notice that cannot be delivered is tried again after 1, 2, 4 … seconds, at most a
-- minute, in order and until it is `give_up` old; what waits and what is open survives a reload. After a restart of the
-- daemon nothing waits any more. A notice may arrive twice when an answer is lost, never a hundred times.
--
-- The address is a secret. It, the token and the fields are never logged: a failure names the host alone. Keep the
-- configuration readable for root alone.

local halua = require "halua"

local opt = halua.options {
  url = halua.required "url",
  format = halua.choice { "slack", "json" },
  -- Slack: another channel than the webhook's own, for the old kind of webhooks that allow it.
  channel = halua.optional "string",
  -- JSON: what to send instead of the whole object.
  fields = halua.optional "list",
  -- Sent as "Authorization: Bearer …".
  token = halua.optional "string",
  -- How this node calls itself; its host name when it is left out.
  node = halua.optional "string",
  -- What to tell: states that an instance came to (INIT is the end of the daemon), and conflicts.
  tell = { "MASTER", "FAULT", "CONFLICT" },
  -- Whose news; every instance's unless one is named.
  instance = halua.ANY,
  -- How long a conflict must be over before its end is told.
  calm = "10s",
  -- How long the receiver may take for its answer.
  timeout = "5s",
  -- How long an undelivered notice is tried again.
  give_up = "1h",
  -- How many notices may wait. Beyond, the oldest are left out, which the log and the next notice say.
  queue = 50,
  -- A PEM file with the authorities to trust instead of the system's; a proxy.
  ca = halua.optional "path",
  proxy = halua.optional "url",
}

-- Seconds.
local LONGEST_PAUSE, LONGEST_WAIT_FOR_RECEIVER = 60, 300
-- A run of `every` may take 10 seconds: no attempt begins later than this in it.
local LONGEST_BURST, LONGEST_TIMEOUT = 1, 8
local calm, give_up = halua.seconds(opt.calm), halua.seconds(opt.give_up)
-- Open conflicts that are told one by one: forged adverts must not become a flood of messages.
local MOST_CONFLICTS = 10

-- What the operator wants ------------------------------------------------------------------------------------------

local told = {}
for _, word in ipairs(opt.tell) do
  if not ({ INIT = true, BACKUP = true, MASTER = true, FAULT = true, CONFLICT = true })[word] then
    halua.refuse("tell", ("%q is none of INIT, BACKUP, MASTER, FAULT, CONFLICT"):format(word))
  end
  told[word] = true
end
if halua.seconds(opt.timeout) > LONGEST_TIMEOUT then halua.refuse("timeout", "takes 8 s at most") end
if opt.queue < 1 or opt.queue > 500 then halua.refuse("queue", "takes 1 to 500") end

--- The fields to send: a list of { path, text }.
local function parse_fields()
  local list = {}
  for _, word in ipairs(opt.fields) do
    -- The word may be a secret: it is not repeated.
    local path, text = word:match "^([%w_.-]+)=(.*)$"
    if not path then halua.refuse("fields", "each is a name, an equals sign and a text, as in text=<text>") end
    local names = {}
    for name in path:gmatch "[^.]+" do names[#names + 1] = name end
    if #names == 0 then halua.refuse("fields", "a field needs a name before the equals sign") end
    list[#list + 1] = { names = names, text = text }
  end
  return list
end
local fields = parse_fields()
if #fields > 0 and opt.format ~= "json" then halua.refuse("fields", "needs format json") end
if opt.channel and opt.format ~= "slack" then halua.refuse("channel", "needs format slack") end

-- The host alone, for the log: all the rest of the address may be secret.
local receiver = opt.url:match "^https?://([^/?#]*)":gsub("^.*@", "")

-- What is sent ------------------------------------------------------------------------------------------------------

local COLOUR = { info = "good", warning = "warning", critical = "danger" }

--- The text of a notice; one that is late says so.
local function text_of(notice)
  if notice.seconds_ago < 5 then return notice.text end
  return ("%s (%d s ago)"):format(notice.text, notice.seconds_ago)
end

local function slack(notice)
  local escape = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }
  local text = ("*%s* %s"):format(notice.host, text_of(notice)):gsub("[&<>]", escape)
  return {
    channel = opt.channel,
    attachments = { { color = COLOUR[notice.severity], fallback = text, text = text, mrkdwn_in = { "text" } } },
  }
end

--- A word of a template: what the notice says, lists joined, and nothing for what it does not say.
local function filled(text, notice)
  return (text:gsub("<([%w_]+)>", function(word)
    local value = notice[word]
    if type(value) == "table" then return table.concat(value, ", ") end
    return value == nil and "" or tostring(value)
  end))
end

local function object(notice)
  if #fields == 0 then return notice end
  local result = {}
  for _, field in ipairs(fields) do
    local place = result
    for index = 1, #field.names - 1 do
      local name = field.names[index]
      if type(place[name]) ~= "table" then place[name] = {} end
      place = place[name]
    end
    place[field.names[#field.names]] = filled(field.text, notice)
  end
  return result
end

--- A copy of the notice as it is at this moment: with its age, and how many before it were left out.
local function of_now(waiting, left_out)
  local notice = {}
  for name, value in pairs(waiting.notice) do notice[name] = value end
  notice.vips = halua.json.array { table.unpack(notice.vips) }
  notice.seconds_ago = math.max(0, math.floor(halua.now() - waiting.at))
  if left_out > 0 then notice.text = ("%s (left out before it: %d)"):format(notice.text, left_out) end
  if opt.format == "slack" then return slack(notice) end
  notice.text = text_of(notice)
  return object(notice)
end

-- What waits --------------------------------------------------------------------------------------------------------

local sent = halua.metrics.counter("webhook_sent", "Notices that were delivered.")
local lost = halua.metrics.counter("webhook_lost", "Notices that were given up or left out.")

--- The part of the store that is called so: it outlives reloads.
local function kept(name)
  local part = halua.store[name]
  if not part then
    part = {}
    halua.store[name] = part
  end
  return part
end

--- Puts a notice into the queue: what the object above has and no event knows by itself.
local function tell(ev, notice)
  notice.host = opt.node or halua.hostname
  notice.instance = ev.instance.name
  notice.state = notice.state or ev.instance.state
  notice.priority = ev.priority
  notice.vips = { table.unpack(ev.vips) }
  notice.time = math.floor(halua.time() - (halua.now() - ev.at))
  notice.text = ("%s: %s"):format(notice.instance, notice.text)
  local queue = kept "queue"
  if #queue >= opt.queue then
    table.remove(queue, 1)
    lost:inc()
    halua.store.left_out = (halua.store.left_out or 0) + 1
    halua.log.warn(("more than %d notices wait for %s: the oldest is left out"):format(opt.queue, receiver))
  end
  queue[#queue + 1] = { notice = notice, at = ev.at }
  halua.store.queue = queue
end

--- One attempt: true, or nil, a reason without secrets, whether trying again makes sense, and how soon at the earliest.
local function deliver(waiting, left_out)
  local response, err = halua.http.post(opt.url, {
    json = of_now(waiting, left_out), timeout = opt.timeout, ca = opt.ca, proxy = opt.proxy, max_bytes = 65536,
    headers = opt.token and { Authorization = "Bearer " .. opt.token } or nil,
  })
  if not response then
    -- The message has the host and no path.
    return nil, tostring(err), true
  elseif response.status >= 200 and response.status < 300 then
    return true
  end
  local status = response.status
  local is_passing = status >= 500 or status == 408 or status == 425 or status == 429
  return nil, "it answers " .. status, is_passing, tonumber(response.headers["retry-after"] or "")
end

local function take_out(queue, waiting)
  -- The oldest may have been left out while this one was under way.
  if queue[1] == waiting then table.remove(queue, 1) end
  halua.store.queue = queue
end

local is_sending = false

--- Sends what waits, in order, until one cannot be delivered now. One task at a time does it.
local function send_all()
  if is_sending then return end
  is_sending = true
  local _ <close> = setmetatable({}, { __close = function() is_sending = false end })
  local began = halua.now()
  local queue = kept "queue"
  while queue[1] and halua.now() - began < LONGEST_BURST do
    local trouble = kept "trouble"
    if (trouble.due or 0) > halua.now() then return end
    local waiting, left_out = queue[1], halua.store.left_out or 0
    local is_delivered, reason, is_passing, pause = deliver(waiting, left_out)
    queue = kept "queue"
    if is_delivered then
      sent:inc()
      halua.store.trouble = {}
      halua.store.left_out = halua.store.left_out and halua.store.left_out - left_out
      take_out(queue, waiting)
    elseif not is_passing or halua.now() - waiting.at >= give_up then
      lost:inc()
      halua.log.error(("a notice for %s is given up: %s"):format(receiver, reason), { notice = waiting.notice.text })
      take_out(queue, waiting)
    elseif not is_passing or halua.now() - waiting.at >= give_up then
      lost:inc()
      halua.log.error("a notice was refused or given up", {
        receiver = receiver, reason = reason, notice = waiting.notice.text, tries = (waiting.tries or 0) + 1,
      })
      take_out(queue, waiting)
    else
      -- Of the receiver, not of the notice: the next one is not a new beginning.
      local tries = (trouble.tries or 0) + 1
      pause = math.max(math.min(2 ^ (tries - 1), LONGEST_PAUSE), math.min(pause or 0, LONGEST_WAIT_FOR_RECEIVER))
      halua.store.trouble = { tries = tries, due = halua.now() + pause }
      halua.log.warn(("a notice could not be delivered, again in %d s: %s"):format(pause, reason))
      return
    end
  end
end

halua.every("250ms", send_all)
halua.on.shutdown { timeout = "2s", run = send_all }

-- States ------------------------------------------------------------------------------------------------------------

--- What is told about a transition: a severity and a text; nothing when it is not wanted.
local function words(ev)
  local addresses = table.concat(ev.vips, ", ")
  if ev.to == "MASTER" and told.MASTER then
    return "info", ("holds %s now (%s)"):format(addresses, ev.sentence)
  elseif ev.to == "FAULT" and told.FAULT then
    local lost_them = ev.vips_removed and (", has given up " .. addresses) or ""
    return "warning", ("in FAULT%s: %s"):format(lost_them, ev.sentence)
  elseif ev.to == "BACKUP" and ev.from == "FAULT" and (told.BACKUP or told.FAULT) then
    return "info", "the fault is over, BACKUP now"
  elseif ev.to == "BACKUP" and told.BACKUP then
    return "info", ("BACKUP now (%s)"):format(ev.sentence)
  elseif ev.to == "INIT" and told.INIT then
    return "info", ("stopped, was %s"):format(ev.from)
  end
end

halua.on.change {
  instance = opt.instance,
  run = function(ev)
    local severity, text = words(ev)
    if not severity then return end
    tell(ev, {
      event = "state", severity = severity, text = text, from = ev.from, state = ev.to, reason = ev.sentence,
      peer = ev.peer,
    })
    -- Nothing comes after it that would send it.
    if ev.to == "INIT" then send_all() end
  end,
}

-- Conflicts ---------------------------------------------------------------------------------------------------------

--- The names of the open conflicts, in order.
local function open_conflicts()
  local names = {}
  for name in pairs(kept "conflicts") do names[#names + 1] = name end
  table.sort(names)
  return names
end

local function begin(ev)
  local conflicts, name = kept "conflicts", ev.instance.name .. " " .. ev.peer
  local open = conflicts[name]
  if open then
    open.times, open.ended = open.times + 1, nil
  elseif #open_conflicts() < MOST_CONFLICTS then
    conflicts[name] = {
      instance = ev.instance.name, peer = ev.peer, kind = ev.kind, since = ev.at, times = 1,
      priority = ev.priority, vips = { table.unpack(ev.vips) },
    }
    local what = ev.kind == "duplicate_address" and "claims the same priority and address as this node"
      or ("both claim %s"):format(table.concat(ev.vips, ", "))
    tell(ev, {
      event = "conflict", phase = "begin", kind = ev.kind, severity = "critical", peer = ev.peer,
      peer_priority = ev.peer_priority, winner = ev.winner, reason = ev.advice,
      text = ("CONFLICT with %s: %s. %s"):format(ev.peer, what, ev.advice),
    })
  elseif not halua.store.flood then
    halua.store.flood = true
    tell(ev, {
      event = "conflict", phase = "begin", kind = ev.kind, severity = "critical", peer = ev.peer, reason = ev.advice,
      text = ("CONFLICT with %s, too: more than %d at once, further ones are in the log of the node alone"):format(
        ev.peer, MOST_CONFLICTS),
    })
  end
  halua.store.conflicts = conflicts
end

local function finish(ev)
  local conflicts = kept "conflicts"
  local open = conflicts[ev.instance.name .. " " .. ev.peer]
  if not open then return end
  open.ended, open.winner = ev.at, ev.winner
  halua.store.conflicts = conflicts
end

if told.CONFLICT then
  halua.on.conflict {
    instance = opt.instance,
    run = function(ev)
      if ev.phase == "begin" then begin(ev) else finish(ev) end
    end,
  }

  -- Tells the ends that have lasted.
  halua.every("1s", function()
    local conflicts = kept "conflicts"
    for _, name in ipairs(open_conflicts()) do
      local open = conflicts[name]
      if open.ended and halua.now() - open.ended >= calm then
        conflicts[name] = nil
        local vi = halua.instance(open.instance)
        local times = open.times > 1 and (", it came %d times"):format(open.times) or ""
        local winner = open.winner and (", %s holds the address"):format(open.winner) or ""
        tell({
          instance = vi or { name = open.instance, state = "INIT" }, priority = vi and vi.priority or open.priority,
          vips = open.vips, at = open.ended,
        }, {
          event = "conflict", phase = "end", kind = open.kind, severity = "info", peer = open.peer,
          winner = open.winner, reason = "",
          text = ("the conflict with %s is over after %d s%s%s"):format(
            open.peer, math.floor(open.ended - open.since + 0.5), times, winner),
        })
        halua.store.conflicts = conflicts
      end
    end
    if not next(conflicts) then halua.store.flood = nil end
  end)
end
