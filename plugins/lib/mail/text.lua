--- What a mail says: one notice with all that is known, or many in one.

local text = {}

-- The API takes 1,000 octets.
local LONGEST_SUBJECT = 900

local function moment(notice) return os.date("!%Y-%m-%d %H:%M:%S UTC", notice.time) end

--- The facts below the text, those that are known.
local function details(notice)
  local lines = {}
  local function add(name, value)
    if value and value ~= "" then lines[#lines + 1] = ("%-10s %s"):format(name, value) end
  end
  add("node", notice.host)
  add("instance", notice.instance)
  add("state", notice.from and notice.state and ("%s, was %s"):format(notice.state, notice.from) or notice.state)
  add("reason", notice.reason)
  add("priority", notice.priority)
  add("addresses", table.concat(notice.vips or {}, ", "))
  add("other node", notice.peer)
  add("time", moment(notice))
  return table.concat(lines, "\n")
end

--- One line, and not longer than the API takes it; cut between two characters.
local function line(subject)
  subject = subject:gsub("%c", " ")
  if #subject <= LONGEST_SUBJECT then return subject end
  local last = LONGEST_SUBJECT
  while subject:byte(last + 1) & 0xC0 == 0x80 do last = last - 1 end
  return subject:sub(1, last) .. "…"
end

local function left_out_line(left_out)
  return left_out > 0 and ("\n\nLeft out before it, because too many waited: %d"):format(left_out) or ""
end

--- Subject and body of a mail with the notices that go out together. `prefix`: what the subject begins with.
function text.of(waiting, left_out, prefix)
  local last = waiting[#waiting].notice
  local subject = last.subject or last.text
  if #waiting == 1 then
    return line(prefix .. subject),
      ("%s\n\n%s%s\n"):format(last.opening or last.text, details(last), left_out_line(left_out))
  end
  local lines = {}
  for index, one in ipairs(waiting) do lines[index] = ("%s  %s"):format(moment(one.notice), one.notice.text) end
  return line(("%s%d notices, the last one: %s"):format(prefix, #waiting, subject)),
    ("%s\n\nThe last one:\n\n%s%s\n"):format(table.concat(lines, "\n"), details(last), left_out_line(left_out))
end

return text
