--- Writes plain data as JSON, for the tests that compare the definition with halua.

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\t"] = "\\t", ["\r"] = "\\r" }

local function encode(value)
  if type(value) == "string" then
    return '"' .. value:gsub('[%c"\\]', function(c) return escapes[c] or ("\\u%04x"):format(c:byte()) end) .. '"'
  elseif type(value) ~= "table" then
    return tostring(value)
  end
  local parts = {}
  if #value > 0 or next(value) == nil then
    for _, element in ipairs(value) do parts[#parts + 1] = encode(element) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for key, element in pairs(value) do parts[#parts + 1] = encode(key) .. ":" .. encode(element) end
  table.sort(parts)
  return "{" .. table.concat(parts, ",") .. "}"
end

return encode
