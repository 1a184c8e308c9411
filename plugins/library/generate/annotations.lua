--- Makes the annotations for the Lua language server.
local text = require "text"

local annotations = {}

local writer = {}
writer.__index = writer

function writer:line(...) self.lines[#self.lines + 1] = string.format(...) end

function writer:say(raw)
  for index, paragraph in ipairs(text.paragraphs(raw or "")) do
    if index > 1 then self:line("---") end
    for _, line in ipairs(text.wrap(paragraph, 110)) do self:line("---%s", line) end
  end
end

--- A text behind an annotation stays on its line.
local function tail(raw, need)
  local words = text.line(raw)
  if need then words = words .. (words == "" and "" or " ") .. "(" .. need .. ")" end
  return words == "" and "" or " " .. words
end

function writer:field(entry, is_optional)
  self:line("---@field %s%s %s%s", entry.name, is_optional and "?" or "", entry.type, tail(entry.text, entry.default
    and text.need(entry)))
end

function writer:class(class)
  self:say(class.text)
  self:line("---@class %s%s", class.name, class.parent and ": " .. class.parent or "")
  for _, field in ipairs(class.fields or {}) do self:field(field) end
  self:line("local %s = {}", class.name:match("[^.]+$"))
  self:line("")
end

function writer:options(func, name)
  self:line("---@class %s", name)
  if func.items then self:line("---@field [integer] %s%s", func.items.type, tail(func.items.text)) end
  for _, field in ipairs(func.fields) do self:field(field, not field.required) end
  self:line("")
end

function writer:func(noun, func)
  local options
  local full = func.name:find(":", 1, true) and func.name or text.prefix(noun, func) .. func.name
  if func.fields then
    options = ("halua.%s.Options"):format(((func.fields_of or func).name:gsub(":", ".")))
    if not func.fields_of then self:options(func, options) end
  end
  self:say(func.text)
  self:line("---")
  self:line("---%s", text.phase(noun, func))
  if func.example then
    self:line("---```lua")
    for _, line in ipairs(text.dedent(func.example)) do self:line("---%s", line) end
    self:line("---```")
  end
  if func.waits then self:line("---@async") end
  if func.generics then self:line("---@generic %s", func.generics) end
  local names = {}
  for _, param in ipairs(func.params or {}) do
    names[#names + 1] = param.name
    self:line("---@param %s%s %s%s", param.name, param.optional and "?" or "", param.annotation or param.type,
      tail(param.text, param.default and text.need(param)))
  end
  if options then
    names[#names + 1] = "options"
    self:line("---@param options%s %s%s", text.may_omit_table(func) and "?" or "", options,
      func.instead and "|" .. func.instead.type or "")
  end
  for _, returned in ipairs(func.returns) do
    self:line("---@return %s %s%s", returned.annotation or returned.type, returned.name, tail(returned.text))
  end
  self:line("function %s(%s) end", full, table.concat(names, ", "))
  self:line("")
end

--- The tables that the functions of a noun are in: "tcp" of "tcp.connect".
function writer:tables(noun)
  local seen = {}
  for _, func in ipairs(noun.functions or {}) do
    local group = func.name:match("^([%w_]+)%.")
    if group and not seen[group] then
      seen[group] = true
      self:say(noun.text)
      self:line("---@class %s.%s", noun.module, group)
      for _, constant in ipairs(noun.constants or {}) do
        local name = constant.name:match("^" .. group .. "%.(.+)$")
        if name then self:field { name = name, type = constant.type, text = constant.text } end
      end
      self:line("%s%s = {}", text.prefix(noun, func), group)
      self:line("")
    end
  end
end

--- The annotations of one module: "halua", or a library such as "halua.test".
local function annotate(module, nouns)
  local self = setmetatable({ lines = {} }, writer)
  self:line("--- Made by `make docs` from plugins/library/api: do not edit.")
  self:line("---@meta %s", module)
  self:line("")
  local name = module:match("[^.]+$")
  local constants = {}
  for _, noun in ipairs(nouns) do
    for _, alias in ipairs(noun.aliases or {}) do
      self:say(alias.text)
      self:line("---@alias %s %s", alias.name, alias.type)
      self:line("")
    end
    for _, constant in ipairs(noun.constants or {}) do constants[#constants + 1] = constant end
  end
  self:line("---@class %s", module == "halua" and "halua" or module)
  for _, constant in ipairs(constants) do
    if not constant.name:find(".", 1, true) then self:field(constant) end
  end
  if module == "halua" then
    self:line("halua = {}")
  else
    self:line("local %s = {}", name == "test" and "t" or name)
  end
  self:line("")
  for _, noun in ipairs(nouns) do
    for _, class in ipairs(noun.classes or {}) do self:class(class) end
    self:tables(noun)
    -- The server knows the global functions already, and what require means.
    for _, func in ipairs(noun.functions or {}) do
      if not func.global then self:func(noun, func) end
    end
  end
  self:line("return %s", name == "test" and "t" or name)
  local content = table.concat(self.lines, "\n") .. "\n"
  assert(load(content, "=annotations of " .. module))
  return content
end

--- Returns the texts by the names of their modules.
function annotations.make(nouns)
  local modules = {}
  for _, noun in ipairs(nouns) do
    modules[noun.module] = modules[noun.module] or {}
    table.insert(modules[noun.module], noun)
  end
  local texts = {}
  for module, members in pairs(modules) do texts[module] = annotate(module, members) end
  return texts
end

return annotations
