--- Reads the definition of the API, puts it in order, and says everything that is wrong with it.
local definition = {}

--- The groups in the order of the documents, with their titles.
definition.groups = {
  { name = "about", title = "The basics" },
  { name = "register", title = "What a plugin registers" },
  { name = "instances", title = "What a plugin asks of the node" },
  { name = "waiting", title = "Waiting" },
  { name = "network", title = "Network" },
  { name = "host", title = "This host" },
  { name = "data", title = "Data" },
  { name = "observing", title = "Observing" },
  { name = "coordination", title = "Coordination" },
  { name = "testing", title = "Tests of plugins" },
}

local allowed = {
  noun = "noun group title text module functions classes aliases constants limits",
  ["function"] = "name phase waits global text params fields items instead returns example runs generics",
  param = "name type text optional default annotation",
  field = "name type text required default",
  returned = "name type text annotation",
  class = "name parent text fields",
  alias = "name type text",
  constant = "name type text",
  limit = "name property keyword default text",
  items = "type text",
  instead = "name type text",
}

local phases = { loading = true, running = true, always = true }

--- What a type may name: the types of the language, and what the definition defines.
local function unknown_types(type, known)
  local missing = {}
  for name in type:gsub('"[^"]*"', ""):gmatch("halua%.[%a.]+") do
    if not known[name] then missing[#missing + 1] = name end
  end
  return missing
end

local checker = {}
checker.__index = checker

function checker:say(...) self.problems[#self.problems + 1] = self.place .. ": " .. string.format(...) end

--- Complains about names that the form does not know and texts that are missing.
function checker:form(kind, entry, name)
  for key in pairs(entry) do
    if not (" " .. allowed[kind] .. " "):find(" " .. tostring(key) .. " ", 1, true) then
      self:say("%s: a %s has no \"%s\" (it has: %s)", name, kind, key, allowed[kind])
    end
  end
  if entry.type ~= nil and type(entry.type) ~= "string" then self:say("%s: the type must be a string", name) end
  if type(entry.type) == "string" then
    for _, missing in ipairs(unknown_types(entry.type, self.known)) do
      self:say("%s: there is no type %s", name, missing)
    end
  end
end

function checker:list(kind, entries, owner)
  for _, entry in ipairs(entries or {}) do
    local name = owner .. ": " .. tostring(entry.name)
    self:form(kind, entry, name)
    if not entry.name then self:say("%s: a %s needs a name", name, kind) end
    if not entry.type and kind ~= "limit" then self:say("%s: a %s needs a type", name, kind) end
    if kind ~= "returned" and not entry.text then self:say("%s: a %s needs a text", name, kind) end
  end
end

function checker:example(entry)
  local good, message = load(entry.example, "=example")
  if not good then self:say("%s: the example does not compile: %s", entry.name, message) end
end

function checker:func(entry)
  local name = tostring(entry.name)
  self:form("function", entry, name)
  if not entry.text then self:say("%s needs a text", name) end
  if not phases[entry.phase] then self:say("%s: the phase must be loading, running or always", name) end
  if not entry.returns then self:say("%s: say what it returns, {} for nothing", name) end
  if self.paths[self.module .. name] then self:say("%s is defined twice", name) end
  self.paths[self.module .. name] = true
  self:list("param", entry.params, name)
  self:list("field", entry.fields, name)
  self:list("returned", entry.returns, name)
  if entry.items then self:form("items", entry.items, name .. ": items") end
  if entry.instead then self:form("instead", entry.instead, name .. ": instead") end
  if entry.example then self:example(entry) end
  local class = name:match("^(%a+):")
  if class and not self.known["halua." .. class] then self:say("%s: there is no class halua.%s", name, class) end
end

function checker:noun(noun)
  self:form("noun", noun, tostring(noun.noun))
  for _, key in ipairs { "noun", "group", "title", "text" } do
    if not noun[key] then self:say("a noun needs \"%s\"", key) end
  end
  local known = false
  for _, group in ipairs(definition.groups) do known = known or group.name == noun.group end
  if not known then self:say("there is no group \"%s\"", tostring(noun.group)) end
  for _, entry in ipairs(noun.functions or {}) do self:func(entry) end
  for _, class in ipairs(noun.classes or {}) do
    self:form("class", class, tostring(class.name))
    if not class.text then self:say("%s needs a text", class.name) end
    self:list("field", class.fields, class.name)
  end
  self:list("alias", noun.aliases, "aliases")
  self:list("constant", noun.constants, "constants")
  self:list("limit", noun.limits, "limits")
end

local function names_of_types(nouns)
  local known = {}
  for _, noun in ipairs(nouns) do
    for _, class in ipairs(noun.classes or {}) do known[class.name] = true end
    for _, alias in ipairs(noun.aliases or {}) do known[alias.name] = true end
  end
  return known
end

local function rank(noun)
  for index, group in ipairs(definition.groups) do
    if group.name == noun.group then return index end
  end
  return 0
end

--- Functions that were given one and the same table of fields show it once: the later ones name the first.
local function share_fields(nouns)
  for _, noun in ipairs(nouns) do
    local first = {}
    for _, func in ipairs(noun.functions or {}) do
      if func.fields and first[func.fields] then
        func.fields_of = first[func.fields]
      elseif func.fields then
        first[func.fields] = func
      end
    end
  end
end

--- Reads the files. Returns the nouns in the order of the documents, and a list of what is wrong with them.
function definition.read(files)
  local nouns, problems = {}, {}
  for _, file in ipairs(files) do
    local noun = dofile(file)
    noun.file = file
    nouns[#nouns + 1] = noun
  end
  local known, paths = names_of_types(nouns), {}
  for _, noun in ipairs(nouns) do
    local file = noun.file
    noun.file = nil
    noun.module = noun.module or "halua"
    local check = setmetatable(
      { problems = problems, place = file, known = known, paths = paths, module = noun.module .. " " }, checker)
    check:noun(noun)
    if file:match("([^/]+)%.lua$") ~= noun.noun then check:say("the noun must be the name of the file") end
  end
  share_fields(nouns)
  table.sort(nouns, function(left, right)
    if rank(left) ~= rank(right) then return rank(left) < rank(right) end
    return left.title:lower() < right.title:lower()
  end)
  return nouns, problems
end

return definition
