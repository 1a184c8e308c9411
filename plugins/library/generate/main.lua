--- Makes annotations, reference and manual page from the definition of the API.
--
-- lua5.4 plugins/library/generate/main.lua            writes them
-- lua5.4 plugins/library/generate/main.lua --check    says which of them are stale, and changes nothing
-- lua5.4 plugins/library/generate/main.lua --json     prints the definition for the tests
-- lua5.4 plugins/library/generate/main.lua --examples FOLDER    writes each example into a file

local here = arg[0]:match("^(.*)/[^/]*$") or "."
local root = here .. "/../../.."
package.path = here .. "/?.lua"

local definition = require "definition"

--- The files of the definition, which are those of its folder.
local function files()
  local listing = assert(io.popen("ls '" .. root .. "/plugins/library/api'"))
  local result = {}
  for name in listing:lines() do
    if name:match("%.lua$") then result[#result + 1] = root .. "/plugins/library/api/" .. name end
  end
  listing:close()
  return result
end

local function read(path)
  local file = io.open(path)
  if not file then return nil end
  local content = file:read "a"
  file:close()
  return content
end

local function write(path, content)
  local file = assert(io.open(path, "w"))
  file:write(content)
  file:close()
end

--- Every file that is made, with its text.
local function products(nouns)
  local result = {
    ["plugins/REFERENCE.md"] = require "markdown".make(definition.groups, nouns),
    ["packaging/man/halua-lua.7"] = require "manual".make(
      nouns, assert(read(root .. "/packaging/man/halua-lua.7.in"), "packaging/man/halua-lua.7.in is missing")),
  }
  for module, content in pairs(require "annotations".make(nouns)) do
    result["plugins/library/" .. module .. ".d.lua"] = content
  end
  return result
end

--- Each example as a file of its own: in the load phase as it stands, else as the function of a task.
local function write_examples(nouns, folder)
  for _, noun in ipairs(nouns) do
    for _, func in ipairs(noun.functions or {}) do
      if func.example then
        local example = table.concat(require "text".dedent(func.example), "\n") .. "\n"
        if func.phase ~= "loading" then example = "return function(ctx)\n" .. example .. "end\n" end
        write(folder .. "/" .. noun.module .. "." .. func.name:gsub(":", ".") .. ".lua", example)
      end
    end
  end
end

local function main(action, folder)
  local nouns, problems = definition.read(files())
  if #problems > 0 then
    io.stderr:write(table.concat(problems, "\n"):gsub(root .. "/", ""), "\n")
    return 1
  end
  if action == "--json" then
    print(require "json"(nouns))
    return 0
  end
  if action == "--examples" then
    write_examples(nouns, folder)
    return 0
  end
  local status = 0
  for path, content in pairs(products(nouns)) do
    if action ~= "--check" then
      write(root .. "/" .. path, content)
    elseif read(root .. "/" .. path) ~= content then
      io.stderr:write(path, " is stale: run make docs and commit what it makes\n")
      status = 1
    end
  end
  return status
end

os.exit(main(arg[1], arg[2]))
