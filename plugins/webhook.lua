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
local conflicts = require "notices.conflicts"
local outbox = require "notices.outbox"
local words = require "notices.words"

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

-- What the operator wants ------------------------------------------------------------------------------------------

local told = words.told(opt.tell)
local timeout = halua.seconds(opt.timeout)
if timeout < 0.01 or timeout > 60 then halua.refuse("timeout", "takes 10 ms to 1m") end
if opt.queue < 1 or opt.queue > 500 then halua.refuse("queue", "takes 1 to 500") end
-- The token is a secret: it is not repeated.
if opt.token and not opt.token:find "^[\33-\126]+$" then
  halua.refuse("token", "takes printable ASCII without spaces")
end

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
    for _, other in ipairs(list) do
      local shorter = math.min(#names, #other.names)
      if table.concat(names, ".", 1, shorter) == table.concat(other.names, ".", 1, shorter) then
        halua.refuse("fields", ("%s and %s are in each other's place"):format(
          table.concat(other.names, "."), table.concat(names, ".")))
      end
    end
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

-- Delivery ----------------------------------------------------------------------------------------------------------

--- One attempt: true, or nil, a reason without secrets, whether trying again makes sense, and how soon at the earliest.
local function deliver(waiting, left_out)
  local response, err = halua.http.post(opt.url, {
    json = of_now(waiting[1], left_out), timeout = opt.timeout, ca = opt.ca, proxy = opt.proxy, max_bytes = 65536,
    headers = opt.token and { Authorization = "Bearer " .. opt.token } or nil,
  })
  if not response then
    -- The message has the host and no path.
    return nil, err.message, true
  elseif response.status >= 200 and response.status < 300 then
    return true
  end
  local status = response.status
  local is_passing = status >= 500 or status == 408 or status == 425 or status == 429
  return nil, ("%s answers %d"):format(receiver, status), is_passing, tonumber(response.headers["retry-after"] or "")
end

local notices = outbox.new {
  name = "webhook", receiver = receiver, limit = opt.queue, give_up = halua.seconds(opt.give_up), deliver = deliver,
}

local function tell(ev, notice) notices.put(words.complete(notice, ev, opt.node), ev.at) end

halua.on.change {
  instance = opt.instance,
  run = function(ev)
    local severity, text = words.of_transition(ev, told)
    if not severity then return end
    tell(ev, {
      event = "state", severity = severity, text = text, from = ev.from, state = ev.to, reason = ev.sentence,
      peer = ev.peer,
    })
    -- Nothing comes after it that would send it.
    if ev.to == "INIT" then notices.send_all() end
  end,
}

if told.CONFLICT then conflicts.watch(opt.instance, halua.seconds(opt.calm), tell) end
