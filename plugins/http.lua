--- A web service: it answers in time, with the right status, and its page says what it must say.
--
-- halua.conf:
--
--   lua_plugin http as shop {           # load it as often as needed, each time under another name
--       url https://shop.example.org/health
--       method GET                      # or HEAD, POST
--       status 200-399                  # which ones are good: numbers and ranges, as in "200 204 301-302"
--       expect "database: ok"           # must be in the page
--       reject "maintenance"            # must not be in it
--       slow 500ms                      # an answer that takes longer is a failure, too; 0 for no limit
--       follow 0                        # how many redirects to follow
--       address 127.0.0.1               # ask this address, whatever the name stands for: the own node
--       headers "X-Probe: halua"        # one or more, each "Name: value"
--       user halua                      # basic authentication
--       password secret
--       body "{}"                       # what POST sends
--       socket /run/app.sock            # ask through this socket
--       verify on                       # off: believe every certificate
--       ca /etc/ssl/our-ca.pem          # whom to believe instead of the system's authorities
--       cert /etc/ssl/halua.pem         # the own certificate, for services that ask for one
--       key /etc/ssl/halua.key
--   }
--   vrrp_instance VI_1 {
--       ...
--       track_lua {
--           shop.answer
--       }
--   }
--
-- shop.answer: one request on a new connection, as a new client would make it. Ask for something that uses what the
-- service needs, a page that asks the database and not a picture. With a name in the url that stands for the virtual
-- address, set `address`: else a backup would ask the master and think well of itself.
--
-- Every 2 seconds, for 1.5 seconds at most; three failures in a row put the node into FAULT, two successes take it out.
-- `interval`, `timeout`, `fall`, `rise` and `weight` in track_lua change that.

local halua = require "halua"

local opt = halua.options {
  url = halua.required "url",
  method = halua.choice { "GET", "HEAD", "POST" },
  status = { "200-399" },
  expect = "",
  reject = "",
  slow = "0s",
  follow = 0,
  address = halua.optional "address",
  headers = {},
  user = "",
  password = "",
  body = "",
  socket = halua.optional "path",
  verify = true,
  ca = halua.optional "path",
  cert = halua.optional "path",
  key = halua.optional "path",
}

--- The ranges of good status codes.
local function ranges(words)
  local list = {}
  for _, word in ipairs(words) do
    local first, last = word:match("^(%d%d%d)%-(%d%d%d)$")
    if not first then first, last = word:match("^%d%d%d$"), word:match("^%d%d%d$") end
    if not first or first > last then
      halua.refuse("status", ("takes numbers such as 200 and ranges such as 200-299, not \"%s\""):format(word))
    end
    list[#list + 1] = { math.tointeger(first), math.tointeger(last) }
  end
  return list
end

local function header_table(lines)
  local headers, seen = {}, {}
  for _, line in ipairs(lines) do
    local name, value = line:match("^([%w!#$%%&'*+.^_`|~-]+):%s*([^\r\n]-)%s*$")
    if not name then halua.refuse("headers", ("takes texts such as \"Name: value\", not \"%s\""):format(line)) end
    if seen[name:lower()] then halua.refuse("headers", ("has \"%s\" twice"):format(name)) end
    if name:lower() == "content-length" then
      halua.refuse("headers", "cannot have Content-Length: the body tells it")
    end
    if value:find("%c") then halua.refuse("headers", ("has a control character in the value of %s"):format(name)) end
    headers[name], seen[name:lower()] = value, true
  end
  return next(headers) and headers or nil
end

local good = ranges(opt.status)
local headers = header_table(opt.headers)
local slow = halua.seconds(opt.slow)

if opt.follow < 0 or opt.follow > 20 then halua.refuse("follow", "takes 0 to 20, not " .. opt.follow) end
if opt.method == "HEAD" and opt.expect .. opt.reject ~= "" then
  halua.refuse("method", "the answer to HEAD has no page in which \"expect\" or \"reject\" could look")
end
if opt.body ~= "" and opt.method ~= "POST" then halua.refuse("body", "is sent only with \"method POST\"") end
if opt.password ~= "" and opt.user == "" then halua.refuse("password", "needs a \"user\"") end
if opt.key and not opt.cert then halua.refuse("key", "needs a \"cert\"") end
if opt.ca and not opt.verify then halua.refuse("ca", "has no meaning with \"verify off\", which believes anybody") end
-- A redirect may lead from http to https.
if opt.url:find("^http:") and opt.follow == 0 then
  for _, name in ipairs { "ca", "cert" } do
    if opt[name] then halua.refuse(name, "has a meaning only for a url that begins with https://") end
  end
  if not opt.verify then halua.refuse("verify", "has a meaning only for a url that begins with https://") end
end
if opt.address and opt.socket then halua.refuse("address", "has no meaning together with \"socket\"") end
if opt.socket and #opt.socket > 107 then halua.refuse("socket", "the path of a socket has at most 107 octets") end

--- The URL for people: without what may be secret in it.
local shown = opt.url:gsub("%?.*$", "?…"):gsub("//[^/@]*@", "//")
if opt.socket then shown = ("%s through %s"):format(shown, opt.socket) end

local function set(text) return text ~= "" and text or nil end

local function is_good(status)
  for _, range in ipairs(good) do
    if status >= range[1] and status <= range[2] then return true end
  end
  return false
end

--- Says in the operator's words why there is no answer.
local function why_no_answer(err, limit)
  if err.kind == "refused" then
    return shown .. ": the connection is refused, nothing listens there"
  elseif err.kind == "timeout" then
    return ("%s: no whole answer within %.1f s: host down, program frozen, or too slow"):format(shown, limit)
  elseif err.kind == "closed" or err.kind == "reset" then
    return shown .. ": the connection was broken off before the answer was complete"
  elseif err.kind == "protocol" then
    return ("%s: what answers is no web server, or says too much: %s"):format(shown, err.message)
  elseif err.kind == "auth" then
    return ("%s: the certificate is not believed: %s"):format(
      shown, err.message:gsub("^.-the certificate is not accepted: ", ""))
  elseif err.kind == "dns" then
    return shown .. ": the name is not known, or no name server answers"
  elseif err.kind == "unreachable" then
    return shown .. ": no connection comes about: there is no way there, or whoever listens hangs up at once"
  end
  return ("%s: %s"):format(shown, err.message:gsub("^http%.request .-: ", ""))
end

--- What the answer says about the service.
local function judge(answer)
  if not is_good(answer.status) then
    return false, ("%s answers with status %d"):format(shown, answer.status)
  elseif opt.expect ~= "" and not answer.body:find(opt.expect, 1, true) then
    return false, ("%s answers %d, but the page lacks \"%s\""):format(shown, answer.status, opt.expect)
  elseif opt.reject ~= "" and answer.body:find(opt.reject, 1, true) then
    return false, ("%s answers %d, but the page has \"%s\""):format(shown, answer.status, opt.reject)
  elseif slow > 0 and answer.time > slow then
    return false, ("%s answers %d, but slowly: %.2f s, and %g s are allowed"):format(
      shown, answer.status, answer.time, slow)
  end
  return true
end

halua.check {
  name = "answer",
  interval = "2s", timeout = "1.5s", fall = 3, rise = 2,
  run = function(ctx)
    -- A little less than what is left, so that the reason is told here and not by the deadline.
    local limit = math.max(0.01, (ctx.deadline - halua.now()) * 0.9)
    local answer, err = halua.http.request {
      url = opt.url, method = opt.method, headers = headers, body = set(opt.body), timeout = limit,
      follow = opt.follow, verify = opt.verify, ca = opt.ca, cert = opt.cert, key = opt.key,
      user = set(opt.user), password = set(opt.password), unix = opt.socket, resolve = opt.address,
    }
    if not answer then return false, why_no_answer(err, limit) end
    return judge(answer)
  end,
}
