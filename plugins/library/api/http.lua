--- halua.http: requests to web services, by libcurl.
local options = {
  { name = "headers", type = "table<string, string|number>", text = "Headers to send. halua tells the length itself." },
  { name = "body", type = "string", text = "What to send." },
  { name = "json", type = "any", text = "A value to send as JSON, with the headers that say so." },
  { name = "timeout", type = "halua.Duration", default = '"30s"',
    text = "For the whole: lookup of the name, redirects and body included." },
  { name = "follow", type = "integer", default = "0",
    text = "How many redirects to follow, at most 20. Another server gets neither password nor cookies." },
  { name = "verify", type = "boolean", default = "true", text = "Whether the certificate must be right." },
  { name = "ca", type = "string", text = "A PEM file with the authorities to trust instead of the system's." },
  { name = "cert", type = "string", text = "A PEM file with the own certificate." },
  { name = "key", type = "string", text = "A PEM file with its key, if that is in another file. Not encrypted." },
  { name = "user", type = "string", text = "Who asks (basic authentication)." },
  { name = "password", type = "string", text = "The password that belongs to it." },
  { name = "interface", type = "string", text = "Send through this interface only." },
  { name = "source", type = "string", text = "The own address to connect from." },
  { name = "proxy", type = "string", text = "Ask this proxy, `http://…`. Those of the environment are not asked." },
  { name = "unix", type = "string", text = "The path of a socket to connect to instead of the host." },
  { name = "max_bytes", type = "integer", default = "1048576",
    text = "A longer body is an error; at most 16 MiB. The head may have 128 KiB." },
  { name = "resolve", type = "string|string[]", text = "Addresses to use instead of looking up the host's name." },
  { name = "nameserver", type = "string", text = "The one server to ask for the host's name, as in `dns.resolve`." },
  { name = "reuse", type = "boolean", default = "false",
    text = "Keep the connection, and use a kept one. A new one shows a check that the service still accepts." },
}

local function with(...)
  local list = { ... }
  for _, option in ipairs(options) do list[#list + 1] = option end
  return list
end

local url = { name = "url", type = "string", text = "Begins with `http://` or `https://`." }
local returns = {
  { name = "response", type = "halua.Response?" },
  { name = "err", type = "halua.Error?" },
}

return {
  noun = "http", group = "network", title = "HTTP requests",
  text = [[
    Any answer of the server is a response, whatever its status; only the lack of an answer is an error. Its kind says
    why: `dns`, `refused`, `unreachable`, `timeout`, `reset`, `closed`, `auth` (the certificate), `protocol` (what came
    is no HTTP, or too long), `denied` (libcurl is missing, a file cannot be read). Its message has the server's name,
    and never the path, because that may be a secret.

    It speaks HTTP/1.1 and TLS 1.2 or newer. Names are looked up without holding anything up.
  ]],
  functions = {
    {
      name = "http.get", phase = "running", waits = true,
      text = "Asks for what is at a URL.",
      params = { url }, fields = options, returns = returns,
      example = [[
        local response, err = halua.http.get("http://127.0.0.1:8080/health", { timeout = "1s" })
        if not response then return false, tostring(err) end
        return response.status == 200, "the service says " .. response.status
      ]],
    },
    {
      name = "http.post", phase = "running", waits = true,
      text = "Sends something to a URL.",
      params = { url }, fields = options, returns = returns,
      example = [[
        local response = assert(halua.http.post("https://hooks.example.org/halua", {
          json = { text = halua.hostname .. " is master" }, timeout = "3s",
        }))
        halua.log.info("told", { status = response.status })
      ]],
    },
    {
      name = "http.put", phase = "running", waits = true,
      text = "Puts something at a URL.",
      params = { url }, fields = options, returns = returns,
    },
    {
      name = "http.request", phase = "running", waits = true,
      text = "The same with any method.",
      fields = with(
        { name = "url", type = "string", required = true, text = "Begins with `http://` or `https://`." },
        { name = "method", type = "string", default = '"GET"', text = "Such as `DELETE`." }),
      returns = returns,
      example = [[
        assert(halua.http.request { method = "DELETE", url = "http://127.0.0.1:8500/v1/kv/lock" })
      ]],
    },
    {
      name = "Response:json", phase = "always",
      text = "The body as `json.decode` reads it.",
      returns = { { name = "value", type = "any" }, { name = "err", type = "halua.Error?" } },
    },
  },
  classes = {
    {
      name = "halua.Response", text = "What a server answered.",
      fields = {
        { name = "status", type = "integer", text = "Such as 200." },
        { name = "headers", type = "table<string, string>",
          text = "By their names in lower case. Repeated ones are joined by `, `, `set-cookie` by a line end." },
        { name = "body", type = "string", text = "All of it." },
        { name = "url", type = "string", text = "Of the last request, when redirects were followed." },
        { name = "time", type = "number", text = "Seconds from the call to the answer's end." },
      },
    },
  },
}
