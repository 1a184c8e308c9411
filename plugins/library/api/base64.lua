--- halua.base64: octets as text.

local url = {
  { name = "url", type = "boolean", default = "false",
    text = "The alphabet for URLs and file names, without padding." },
}

return {
  noun = "base64", group = "data", title = "Base64",
  text = "As RFC 4648 has it. At most 4 MiB at a time.",
  functions = {
    {
      name = "base64.encode", phase = "always", text = "Writes octets as text, without line ends.",
      params = { { name = "data", type = "string", text = "Any octets." } },
      fields = url,
      returns = { { name = "text", type = "string" } },
      example = [[assert(halua.base64.encode "halua" == "aGFsdWE=")]],
      runs = true,
    },
    {
      name = "base64.decode", phase = "always",
      text = [[
        Reads text as octets. It is strict: line ends, spaces, missing padding (except with `{ url = true }`) and bits
        without a meaning fail with kind `protocol`.
      ]],
      params = { { name = "text", type = "string", text = "What `encode` made." } },
      fields = url,
      returns = { { name = "data", type = "string?" }, { name = "err", type = "halua.Error?" } },
      example = [[assert(halua.base64.decode "aGFsdWE=" == "halua")]],
      runs = true,
    },
  },
}
