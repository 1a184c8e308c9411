--- Makes the reference in Markdown.
local text = require "text"

local markdown = {}

local writer = {}
writer.__index = writer

function writer:line(...) self.lines[#self.lines + 1] = string.format(...) end

function writer:say(raw)
  for _, paragraph in ipairs(text.paragraphs(raw or "")) do
    for _, line in ipairs(text.wrap(paragraph, 116)) do self:line("%s", line) end
    self:line("")
  end
end

--- The anchor that renderers give to a heading.
local function anchor(heading) return (heading:lower():gsub("[^%w%-_ ]", ""):gsub(" ", "-")) end

local function cell(words) return (words:gsub("|", "\\|")) end

--- What a reader must give, and what holds otherwise.
local function need(entry)
  return entry.required and "required" or entry.default or (entry.optional and "optional") or ""
end

function writer:rows(title, entries)
  if #(entries or {}) == 0 then return end
  local has_needs = false
  for _, entry in ipairs(entries) do has_needs = has_needs or need(entry) ~= "" end
  self:line("| %s | type | %s|", title, has_needs and "default | " or "")
  self:line("|---|---|%s---|", has_needs and "---|" or "")
  for _, entry in ipairs(entries) do
    local cells = { ("`%s`"):format(entry.name), ("`%s`"):format(cell(entry.type)) }
    if has_needs then cells[#cells + 1] = cell(need(entry)) end
    cells[#cells + 1] = cell(text.line(entry.text))
    self:line("| %s |", table.concat(cells, " | "))
  end
  self:line("")
end

function writer:returns(func)
  if #func.returns == 0 then return end
  local words = {}
  for _, returned in ipairs(func.returns) do
    local word = ("`%s` (`%s`)"):format(returned.name, returned.type)
    if returned.text then word = word .. ": " .. text.line(returned.text):gsub("%.$", "") end
    words[#words + 1] = word
  end
  for _, line in ipairs(text.wrap("Returns " .. table.concat(words, "; ") .. ".", 116)) do self:line("%s", line) end
  self:line("")
end

function writer:func(noun, func)
  local name = text.name(noun, func)
  self:line("#### %s", name)
  self:line("")
  self:line("```lua")
  self:line("%s", name .. text.arguments(func))
  self:line("```")
  self:line("")
  self:say(func.text)
  self:line("*%s*", text.phase(noun, func))
  self:line("")
  self:rows("argument", func.params)
  if func.items then self:say("The table is a list of `" .. func.items.type .. "`: " .. text.line(func.items.text)) end
  if func.fields_of then
    local first = text.name(noun, func.fields_of)
    self:say(("The fields are those of [%s](#%s)."):format(first, anchor(first)))
  else
    self:rows("field", func.fields)
  end
  if func.instead then
    self:say(("In place of the table: `%s` (`%s`). %s"):format(
      func.instead.name, func.instead.type, text.line(func.instead.text)))
  end
  self:returns(func)
  if func.example then
    self:line("```lua")
    for _, line in ipairs(text.dedent(func.example)) do self:line("%s", line) end
    self:line("```")
    self:line("")
  end
end

function writer:noun(noun)
  self:line("### %s", noun.title)
  self:line("")
  self:say(noun.text)
  for _, constant in ipairs(noun.constants or {}) do
    self:say(("`%s.%s` (`%s`): %s"):format(noun.module, constant.name, constant.type, text.line(constant.text)))
  end
  for _, func in ipairs(noun.functions or {}) do self:func(noun, func) end
  for _, class in ipairs(noun.classes or {}) do
    if #(class.fields or {}) > 0 then
      self:line("#### %s", class.name)
      self:line("")
      self:say(class.text .. (class.parent and (" Has the fields of `%s`, too."):format(class.parent) or ""))
      self:rows("field", class.fields)
    else
      self:say(("`%s`: %s"):format(class.name, class.text))
    end
  end
  for _, alias in ipairs(noun.aliases or {}) do
    self:say(("`%s` is `%s`. %s"):format(alias.name, alias.type, text.line(alias.text)))
  end
  if noun.limits then
    self:line("| limit | keyword | default | |")
    self:line("|---|---|---|---|")
    for _, limit in ipairs(noun.limits) do
      self:line("| %s | %s | %s | %s |", limit.name, limit.keyword and "`" .. limit.keyword .. "`" or "", limit.default,
        cell(text.line(limit.text)))
    end
    self:line("")
  end
end

--- The table of contents: a line for each noun with its functions.
function writer:contents(groups, nouns)
  for _, group in ipairs(groups) do
    local has_any = false
    for _, noun in ipairs(nouns) do
      if noun.group == group.name then
        if not has_any then self:line("- %s", group.title) end
        has_any = true
        local links = {}
        for _, func in ipairs(noun.functions or {}) do
          local name = text.name(noun, func)
          links[#links + 1] = ("[%s](#%s)"):format(name, anchor(name))
        end
        local rest = #links > 0 and ": " .. table.concat(links, ", ") or ""
        self:line("  - [%s](#%s)%s", noun.title, anchor(noun.title), rest)
      end
    end
  end
  self:line("")
end

local introduction = [[
Made by `make docs` from `plugins/library/api`: do not edit. [GUIDE.md](GUIDE.md) is where to begin.

How to read it: `{ host, port, timeout? }` is a table of named fields, of which those with a question mark may be left
out. A type with a question mark may be nil. A function that fails returns nil and an [error](#errors). A wrong argument
raises an error with file and line.
]]

function markdown.make(groups, nouns)
  local self = setmetatable({ lines = {} }, writer)
  self:line("# Reference of the Lua API")
  self:line("")
  self:say(introduction)
  self:contents(groups, nouns)
  for _, group in ipairs(groups) do
    local has_any = false
    for _, noun in ipairs(nouns) do
      if noun.group == group.name then
        if not has_any then
          self:line("## %s", group.title)
          self:line("")
        end
        has_any = true
        self:noun(noun)
      end
    end
  end
  return table.concat(self.lines, "\n"):gsub("\n+$", "") .. "\n"
end

return markdown
