--- Texts of the definition as paragraphs and lines, and how a function is written in words.
local text = {}

--- Splits a text into its paragraphs, each one line.
function text.paragraphs(raw)
  local result = {}
  for block in (raw .. "\n\n"):gmatch("(.-)\n%s*\n") do
    local line = block:gsub("%s+", " "):match("^ ?(.-) ?$")
    if line ~= "" then result[#result + 1] = line end
  end
  return result
end

--- A text as one line.
function text.line(raw) return table.concat(text.paragraphs(raw or ""), " ") end

--- Breaks a line into lines of at most `width` characters.
function text.wrap(line, width)
  local lines, current = {}, ""
  for word in line:gmatch("%S+") do
    if current == "" then
      current = word
    elseif utf8.len(current) + 1 + utf8.len(word) <= width then
      current = current .. " " .. word
    else
      lines[#lines + 1] = current
      current = word
    end
  end
  if current ~= "" then lines[#lines + 1] = current end
  return lines
end

--- Takes the indentation off a text of several lines.
function text.dedent(raw)
  local lines, smallest = {}, math.huge
  for line in (raw:gsub("%s+$", "") .. "\n"):gmatch("(.-)\n") do
    if #lines > 0 or line:find("%S") then
      lines[#lines + 1] = line
      if line:find("%S") then smallest = math.min(smallest, #line:match("^ *")) end
    end
  end
  for index, line in ipairs(lines) do lines[index] = line:sub(smallest + 1) end
  return lines
end

--- What stands before the name of a function of that module.
function text.prefix(noun, func)
  if func.global then return "" end
  if func.name:find(":", 1, true) then return "" end
  return noun.module:match("[^.]*$") == "test" and "t." or noun.module .. "."
end

--- "halua.tcp.connect", "connection:send", "print"
function text.name(noun, func)
  local class, method = func.name:match("^(%a+):(.+)$")
  if class then return class:gsub("(%l)(%u)", "%1_%2"):lower() .. ":" .. method end
  return text.prefix(noun, func) .. func.name
end

--- Whether the table argument of a function may be left out.
function text.may_omit_table(func)
  if func.items then return false end
  for _, field in ipairs(func.fields) do
    if field.required then return false end
  end
  return true
end

--- The arguments of a function as a reader would write them: "(name)", " { host, port, timeout? }".
function text.arguments(func)
  local fields = {}
  if func.items then fields[#fields + 1] = "…" end
  for _, field in ipairs(func.fields or {}) do
    fields[#fields + 1] = field.name .. (field.required and "" or "?")
  end
  if func.fields_of then fields = { "…" } end
  local table_argument = func.fields and "{ " .. table.concat(fields, ", ") .. " }"
  if table_argument and #(func.params or {}) == 0 then return " " .. table_argument end
  local words = {}
  for _, param in ipairs(func.params or {}) do words[#words + 1] = param.name .. (param.optional and "?" or "") end
  if table_argument then words[#words + 1] = table_argument .. (text.may_omit_table(func) and "?" or "") end
  return "(" .. table.concat(words, ", ") .. ")"
end

--- When a function may be called, in a sentence.
function text.phase(noun, func)
  if noun.group == "testing" then return "In tests." .. (func.waits and " Waits." or "") end
  local sentences = {
    loading = "Only while the plugin is loaded.",
    running = "Only in checks, hooks and tasks.",
    always = "Anywhere.",
  }
  return sentences[func.phase] .. (func.waits and " Waits." or "")
end

--- "required", "default 5", or nothing.
function text.need(entry)
  if entry.required then return "required" end
  if entry.default then return "default " .. entry.default end
  return entry.optional and "optional" or nil
end

return text
