--- halua.json: texts in JSON to Lua values and back.
return {
  noun = "json", group = "data", title = "JSON",
  text = [[
    Reads and writes JSON (RFC 8259). Numbers stay what they are: integers of 64 bits come back as integers, and floats
    come back as exactly the same float. A document may have 200000 values, 4 MiB of text and be 100 levels deep.

    A table whose keys are 1, 2, 3, … is an array, any other one an object. An empty table is an object, `{}`, unless
    `json.array` made an array of it; arrays that `json.decode` made stay arrays, also when they become empty.

    `null` in an array is `json.null`, so that the positions stay. A member of an object that is `null` is absent, as a
    field that is nil is in Lua; with `nulls = true` it is `json.null` as well. Beware: `json.null` is no nil, and a
    condition takes it for true.
  ]],
  functions = {
    {
      name = "json.encode", phase = "always",
      text = [[
        Writes a value. Text that is not valid UTF-8, numbers that JSON lacks (infinity, not a number) and too much of
        it are errors of kind `protocol`, because they come from outside. Functions, tables that are neither an array
        nor an object, and tables that contain themselves are mistakes of the script and raise.
      ]],
      params = { { name = "value", type = "any", text = "What to write." } },
      fields = {
        { name = "pretty", type = "boolean", default = "false", text = "Several lines, indented by two spaces." },
        { name = "sort", type = "boolean", default = "false", text = "Members in the order of their names." },
      },
      returns = { { name = "text", type = "string?" }, { name = "err", type = "halua.Error?" } },
      example = [[
        local text = halua.json.encode({ name = halua.hostname, tags = halua.json.array {} }, { sort = true })
      ]],
    },
    {
      name = "json.decode", phase = "always",
      text = [[
        Reads one document. What is no JSON is an error of kind `protocol` that says where: `line 3 column 7`. Two
        members with one name are an error, too, and so is an integer that needs more than 64 bits.
      ]],
      params = { { name = "text", type = "string", text = "The document." } },
      fields = {
        { name = "nulls", type = "boolean", default = "false", text = "Keep members that are `null`, as `json.null`." },
      },
      returns = { { name = "value", type = "any" }, { name = "err", type = "halua.Error?" } },
      example = [[
        local status, err = halua.json.decode('{"leader": "node1", "peers": []}')
        return status ~= nil and status.leader ~= nil, tostring(err)
      ]],
    },
    {
      name = "json.array", phase = "always",
      text = "Marks a table as an array, so that it is written as `[]` when it is empty; returns the same table.",
      params = { { name = "table", type = "table", optional = true, text = "Without it, a new table." } },
      returns = { { name = "table", type = "table" } },
    },
  },
  constants = {
    { name = "json.null", type = "lightuserdata", text = "What `null` is where nil cannot stand." },
  },
}
