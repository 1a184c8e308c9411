--- What notices say: which events are told, and in which words.

local halua = require "halua"

local words = {}

local KNOWN = { INIT = true, BACKUP = true, MASTER = true, FAULT = true, CONFLICT = true }

--- The option `tell` as a set: the states that an instance came to, and CONFLICT.
function words.told(list)
  local told = {}
  for _, word in ipairs(list) do
    if not KNOWN[word] then
      halua.refuse("tell", ("%q is none of INIT, BACKUP, MASTER, FAULT, CONFLICT"):format(word))
    end
    told[word] = true
  end
  return told
end

--- What is told about a transition: a severity and a text; nothing when it is not wanted.
function words.of_transition(ev, told)
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

--- Adds to a notice what its event knows.
function words.complete(notice, ev, node)
  notice.host = node or halua.hostname
  notice.instance = ev.instance.name
  notice.state = notice.state or ev.instance.state
  notice.priority = ev.priority
  notice.vips = { table.unpack(ev.vips) }
  notice.time = math.floor(halua.time() - (halua.now() - ev.at))
  notice.text = ("%s: %s"):format(notice.instance, notice.text)
  return notice
end

return words
