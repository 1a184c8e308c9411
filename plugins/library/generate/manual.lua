--- Makes the manual page: the hand-written frame with the reference in the place that it leaves.
local text = require "text"

local manual = {}

local glyphs = { ["→"] = "\\(->", ["…"] = "\\&...", ["×"] = "\\(mu", ["–"] = "\\(en", ["≥"] = "\\(>=", ["≤"] = "\\(<=" }

--- Keeps what the language of manual pages would take for a command.
local function escape(words)
  return (words:gsub("\\", "\\e"):gsub("[\xc2-\xf4][\x80-\xbf]+", glyphs))
end

--- A whole line of text: a full stop or an apostrophe at its beginning is no command.
local function protect(line) return (line:gsub("^([.'])", "\\&%1")) end

--- An argument of a command: a mark at its end is no punctuation of the sentence, and quotes do not group.
local function argument(words)
  return (escape(words):gsub('"', "\\(dq"):gsub("([.,:;?!)])$", "%1\\&"))
end

local function prose(words)
  return (escape(words):gsub("`([^`]*)`", "\\fB%1\\fP"):gsub("%*%*(.-)%*%*", "\\fB%1\\fP"))
end

local writer = {}
writer.__index = writer

function writer:line(...) self.lines[#self.lines + 1] = string.format(...) end

--- One sentence a line, as the language wants it, and no line longer than 78.
function writer:sentences(paragraph)
  local start = 1
  while start <= #paragraph do
    local stop = paragraph:find("[.!?:] ", start)
    -- A full stop inside of code is none.
    while stop and select(2, paragraph:sub(1, stop):gsub("`", "")) % 2 == 1 do
      stop = paragraph:find("[.!?:] ", stop + 1)
    end
    local sentence = paragraph:sub(start, stop or #paragraph)
    for _, line in ipairs(text.wrap(prose(sentence), 78)) do self:line("%s", protect(line)) end
    start = (stop or #paragraph) + 2
  end
end

function writer:say(raw)
  for index, paragraph in ipairs(text.paragraphs(raw or "")) do
    if index > 1 then self:line(".Pp") end
    self:sentences(paragraph)
  end
end

--- A list of named things with their types.
function writer:entries(entries)
  if #(entries or {}) == 0 then return end
  self:line(".Bl -tag -width Ds -compact")
  for _, entry in ipairs(entries) do
    local need = text.need(entry)
    self:line(".It Va %s Pq %s", entry.name, argument(entry.type))
    local words = text.line(entry.text)
    if need then words = words .. (words == "" and "" or " ") .. need:sub(1, 1):upper() .. need:sub(2) .. "." end
    self:say(words)
  end
  self:line(".El")
end

function writer:code(lines)
  self:line(".Bd -literal -offset indent")
  for _, line in ipairs(lines) do self:line("%s", line == "" and "\\&" or protect(escape(line))) end
  self:line(".Ed")
end

function writer:labelled(label, entries)
  if #(entries or {}) == 0 then return end
  self:line(".Pp")
  self:line("%s", label)
  self:entries(entries)
end

function writer:func(noun, func)
  self:line(".It Sy %s", argument(text.name(noun, func) .. text.arguments(func)))
  self:say(func.text)
  self:line("%s", text.phase(noun, func):gsub("%. ", ".\n"))
  self:labelled("Arguments:", func.params)
  if func.items then self:say("The table is a list: " .. text.line(func.items.text)) end
  if func.fields_of then
    self:line(".Pp")
    self:say(("The fields are those of `%s`."):format(text.name(noun, func.fields_of)))
  else
    self:labelled("Fields:", func.fields)
  end
  if func.instead then self:say("In place of the table: " .. text.line(func.instead.text)) end
  self:labelled("Returns:", func.returns)
  if func.example then
    self:code(text.dedent(func.example))
  end
end

function writer:noun(noun)
  self:line(".Ss %s", escape(noun.title))
  self:say(noun.text)
  if #(noun.constants or {}) > 0 then self:labelled("Constants:", noun.constants) end
  if #(noun.functions or {}) > 0 then
    self:line(".Bl -tag -width Ds")
    for _, func in ipairs(noun.functions) do self:func(noun, func) end
    self:line(".El")
  end
  for _, class in ipairs(noun.classes or {}) do
    self:line(".Pp")
    self:say(("`%s`: %s"):format(class.name, class.text))
    if class.parent then self:line("%s", prose(("Has the fields of `%s`, too."):format(class.parent))) end
    self:entries(class.fields)
  end
  for _, alias in ipairs(noun.aliases or {}) do
    self:line(".Pp")
    self:say(("`%s` is %s."):format(alias.name, (alias.type:gsub("|", " or "))))
    self:say(alias.text)
  end
  if noun.limits then self:limits(noun.limits) end
end

function writer:limits(limits)
  self:line(".Bl -tag -width Ds -compact")
  for _, limit in ipairs(limits) do
    local keyword = limit.keyword and " Pq Ql " .. limit.keyword or ""
    self:line(".It %s%s", argument(limit.name .. ", " .. limit.default), keyword)
    self:say(limit.text)
  end
  self:line(".El")
end

function manual.make(nouns, frame)
  local self = setmetatable({ lines = {} }, writer)
  for _, noun in ipairs(nouns) do self:noun(noun) end
  local reference = table.concat(self.lines, "\n")
  local before, after = frame:match("^(.-)\n%.\\\" REFERENCE[^\n]*\n(.*)$")
  if not before then error("the frame has no line .\\\" REFERENCE") end
  return before .. "\n" .. reference .. "\n" .. after
end

return manual
