--- halua.crypto: digests and random octets.

local raw = {
  { name = "raw", type = "boolean", default = "false", text = "Octets instead of hexadecimal digits." },
}

local function digest(name, octets)
  return {
    name = "crypto." .. name, phase = "always",
    text = ("Makes the %s digest of at most 4 MiB: %d hexadecimal digits, or %d octets with `{ raw = true }`."):format(
      name, 2 * octets, octets),
    params = { { name = "data", type = "string", text = "What to digest." } },
    fields = raw,
    returns = { { name = "digest", type = "string?" }, { name = "err", type = "halua.Error?" } },
    example = ([[assert(#halua.crypto.%s "halua" == %d)]]):format(name, 2 * octets),
    runs = true,
  }
end

return {
  noun = "crypto", group = "data", title = "Digests",
  text = [[
    Digests are made by OpenSSL. Where it is missing, or its configuration forbids an algorithm, they fail with kind
    `denied`.
  ]],
  functions = {
    digest("sha1", 20),
    digest("sha256", 32),
    {
      name = "crypto.hmac", phase = "always",
      text = "Makes the message authentication code of RFC 2104, as hexadecimal digits.",
      params = {
        { name = "algorithm", type = '"sha1"|"sha256"|"sha512"', text = "The digest to use." },
        { name = "key", type = "string", text = "The secret." },
        { name = "data", type = "string", text = "The message." },
      },
      fields = raw,
      returns = { { name = "code", type = "string?" }, { name = "err", type = "halua.Error?" } },
      example = [[assert(#halua.crypto.hmac("sha256", "secret", "message") == 64)]],
      runs = true,
    },
    {
      name = "crypto.random", phase = "always",
      text = [[
        Asks the kernel for random octets, told as twice as many hexadecimal digits. Fails with kind `denied` while
        the machine has just started and the kernel has none.
      ]],
      params = { { name = "count", type = "integer", text = "How many octets, at most 4096." } },
      fields = raw,
      returns = { { name = "octets", type = "string?" }, { name = "err", type = "halua.Error?" } },
      example = [[local id = halua.crypto.random(16) assert(#id == 32)]],
      runs = true,
    },
    {
      name = "crypto.equal", phase = "always",
      text = "Compares two strings in a time that does not tell where they differ: for codes and passwords.",
      params = {
        { name = "a", type = "string", text = "One." },
        { name = "b", type = "string", text = "The other." },
      },
      returns = { { name = "same", type = "boolean" } },
      example = [[assert(not halua.crypto.equal("secret", "guess"))]],
      runs = true,
    },
  },
}
