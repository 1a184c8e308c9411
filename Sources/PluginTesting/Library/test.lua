--- halua.test: what a test of a plugin is written with. Runs inside of `halua test`, before the test's own file.
--
-- It stands on a few words of the program: `perform` and `wait` ask for something of the played nodes, `handle` names
-- the function that answers what their plugins ask of the world, and `answer`, `fail` and `accept` answer.

local word = halua.test
local sleep = halua.sleep

local t = {}
halua.test = t

-- Errors ----------------------------------------------------------------------------------------------------------

--- Raises at the line of the test that called the function of the library that called this.
local function raise(message, level)
  error(message, (level or 1) + 2)
end

--- The message without the library's own line.
local function plain(message)
  return (tostring(message):gsub("^halua%.test:%d+: ", ""))
end

--- Asks the program for something; what it complains about is a mistake at the test's line.
local function ask(level, how, ...)
  local result = table.pack(pcall(how, ...))
  if not result[1] then raise(plain(result[2]), level + 1) end
  return table.unpack(result, 2, result.n)
end

-- Tail calls: these two leave no level of their own.
local function perform(...) return ask(1, word.perform, ...) end
local function wait(...) return ask(1, word.wait, ...) end

-- Printing values -------------------------------------------------------------------------------------------------

local function sorted_keys(value)
  local keys = {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b)
    if type(a) == type(b) and (type(a) == "number" or type(a) == "string") then return a < b end
    return type(a) < type(b)
  end)
  return keys
end

local function show(value, depth)
  if type(value) == "string" then return ("%q"):format(value):gsub("\\\n", "\\n") end
  if type(value) ~= "table" then return tostring(value) end
  if (depth or 0) > 3 then return "{…}" end
  local parts, is_list = {}, true
  for index, key in ipairs(sorted_keys(value)) do
    if key ~= index then is_list = false end
    local name = type(key) == "string" and key:match("^[%a_][%w_]*$") and key or "[" .. show(key) .. "]"
    local text = show(value[key], (depth or 0) + 1)
    parts[#parts + 1] = is_list and text or name .. " = " .. text
  end
  return #parts == 0 and "{}" or "{ " .. table.concat(parts, ", ") .. " }"
end

local function same(a, b)
  if a == b then return true end
  if type(a) ~= "table" or type(b) ~= "table" then return false end
  for key, value in pairs(a) do
    if not same(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

--- Says for two tables what differs, one line each.
local function differences(expected, seen, path, lines)
  if same(expected, seen) then return lines end
  if type(expected) ~= "table" or type(seen) ~= "table" then
    lines[#lines + 1] = ("  %s: expected %s, seen %s"):format(path, (show(expected)), (show(seen)))
    return lines
  end
  local keys = {}
  for key in pairs(expected) do keys[key] = true end
  for key in pairs(seen) do keys[key] = true end
  for _, key in ipairs(sorted_keys(keys)) do
    local name = type(key) == "string" and path .. "." .. key or path .. "[" .. tostring(key) .. "]"
    differences(expected[key], seen[key], name, lines)
  end
  return lines
end

-- Expectations ----------------------------------------------------------------------------------------------------

local function note(text) return text and " (" .. tostring(text) .. ")" or "" end

function t.equal(seen, expected, why)
  if same(seen, expected) then return end
  local lines = { ("expected %s, seen %s%s"):format((show(expected)), (show(seen)), note(why)) }
  if type(seen) == "table" and type(expected) == "table" then
    lines = { "the tables differ" .. note(why) .. ":" }
    differences(expected, seen, "it", lines)
  end
  raise(table.concat(lines, "\n"))
end

function t.match(seen, pattern, why)
  if type(seen) == "string" and seen:find(pattern) then return end
  raise(("expected a text that matches %s, seen %s%s"):format((show(pattern)), (show(seen)), note(why)))
end

function t.contains(seen, text, why)
  if type(seen) == "string" and seen:find(text, 1, true) then return end
  if type(seen) == "table" then
    for _, element in ipairs(seen) do
      if same(element, text) then return end
      if type(element) == "string" and type(text) == "string" and element:find(text, 1, true) then return end
    end
  end
  raise(("expected %s to contain %s%s"):format((show(seen)), (show(text)), note(why)))
end

function t.truthy(seen, why)
  if not seen then raise(("expected a value, seen %s%s"):format(tostring(seen), note(why))) end
end

function t.is_true(seen, why)
  if seen ~= true then raise(("expected true, seen %s%s"):format((show(seen)), note(why))) end
end

function t.is_nil(seen, why)
  if seen ~= nil then raise(("expected nil, seen %s%s"):format((show(seen)), note(why))) end
end

function t.raises(run, pattern)
  local ok, err = pcall(run)
  if ok then raise("expected an error, and there was none") end
  if pattern and not tostring(err):find(pattern) then
    raise(("expected an error that matches %s, seen %s"):format((show(pattern)), (show(tostring(err)))))
  end
  return err
end

function t.fail(message) raise(tostring(message)) end

-- Time ------------------------------------------------------------------------------------------------------------

function t.advance(span) wait("advance", span) end

function t.now() return (perform("now")) end

function t.set_time(seconds) perform("set_time", seconds) end

--- Advances until the function returns something true, for `limit` at most.
function t.wait_for(is_reached, limit)
  local deadline = perform("now") + perform("seconds", limit or "60s")
  repeat
    local value = is_reached()
    if value then return value end
    wait("next", deadline)
  until perform("now") >= deadline
  local value = is_reached()
  if not value then raise(("it has not come to that within %s"):format(tostring(limit or "60s"))) end
  return value
end

-- The world of a node ---------------------------------------------------------------------------------------------

--- What a server function or an answer may raise without being wrong: the plugin has hung up.
local function is_operating(err) return type(err) == "table" and err.kind ~= nil end

--- An error as an answer: `return nil, t.error("timeout", "nobody answers")`.
function t.error(kind, message, code) return { kind = kind, message = message or kind, code = code } end

t.CLOSE = setmetatable({}, { __tostring = function() return "t.CLOSE" end })

local Net = {}
Net.__index = Net

local function new_net(name)
  return setmetatable({
    node = name, streams = {}, answers = {}, names = {}, commands = {}, pages = {}, databases = {}, mails = {},
    datagrams = {},
  }, Net)
end

local function stream_rule(net, address, rule, options)
  if type(address) ~= "string" then raise("the address must be a string such as \"127.0.0.1:8066\"", 2) end
  address = address:gsub("^localhost:", "127.0.0.1:")
  rule.after = options and options.after
  rule.open = {}
  net.streams[address] = rule
  net.databases[address] = nil
end

function Net:refuse(address, options)
  stream_rule(self, address, { error = { "refused", "connection refused" } }, options)
end

function Net:unreachable(address, options)
  stream_rule(self, address, { error = { "unreachable", "no route to the host" } }, options)
end

function Net:hang(address) stream_rule(self, address, { hangs = true }) end

--- Accepts and never says a word: a frozen process whose kernel still accepts.
function Net:accept(address, options) stream_rule(self, address, { run = function() end }, options) end

--- Accepts and hangs up.
function Net:close(address, options)
  stream_rule(self, address, { run = function(client) client:close() end }, options)
end

--- Accepts and runs a function with the connection, or plays a list: a string is sent, a number is waited for in
-- seconds, a function is called with the connection, t.CLOSE hangs up.
function Net:serve(address, what, options)
  local run = what
  if type(what) == "table" then
    run = function(client)
      for _, step in ipairs(what) do
        if step == t.CLOSE then return client:close() end
        if type(step) == "number" then sleep(step)
        elseif type(step) == "function" then step(client)
        else assert(client:send(step)) end
      end
    end
  elseif type(what) ~= "function" then
    raise("serve takes a function or a list of steps")
  end
  stream_rule(self, address, { run = run }, options)
end

--- Ends every connection that is open to an address, as the end of a process does.
function Net:drop(address)
  local rule = self.streams[address]
  for client in pairs(rule and rule.open or {}) do client:close() end
end

--- How many connections to an address the plugins hold open right now.
function Net:connections(address)
  local count = 0
  for _ in pairs(self.streams[address] and self.streams[address].open or {}) do count = count + 1 end
  return count
end

--- Answers every call of one function of the API: `net:answer("dns.resolve", function(name) … end)`.
function Net:answer(path, run)
  if type(run) ~= "function" then
    local result = run
    run = function() return result end
  end
  self.answers[path] = run
end

--- What a name stands for: a list as dns.resolve returns it, a function of name and options, or nil: no such name.
function Net:dns(name, what)
  if what == nil then
    what = function() return nil, t.error("dns", name .. ": there is no such name") end
  end
  self.names[name] = what
end

--- What a program does: a result of exec, or a function of its arguments and options. The command is the program, or a
-- list that its arguments begin with.
function Net:exec(command, what)
  if type(command) == "string" then command = { command } end
  if type(command) ~= "table" then raise("the command must be a program, or a list that begins with it") end
  table.insert(self.commands, 1, { begins = command, what = what })
end

local function begins_with(list, beginning)
  for index, element in ipairs(beginning) do
    if list[index] ~= element then return false end
  end
  return true
end

local function value_of(what, ...)
  if type(what) == "function" then return what(...) end
  if is_operating(what) then return nil, what end
  return what
end

--- Answers for functions of the API. Each returns false when it knows nothing of what is asked.
local known = {}

known["dns.resolve"] = function(net, name, options)
  if net.names[name] == nil then return false end
  return true, value_of(net.names[name], name, options)
end

known.exec = function(net, arguments)
  for _, command in ipairs(net.commands) do
    if begins_with(arguments, command.begins) then
      local result, err, partial = value_of(command.what, arguments)
      if type(result) ~= "table" then return true, result, err, partial end
      return true, {
        code = not result.signal and (result.code or 0) or nil, signal = result.signal,
        stdout = result.stdout or "", stderr = result.stderr or "", truncated = result.truncated or false,
      }
    end
  end
  return false
end

--- What a web server answers: a response, or a function of the request { method, url, headers, body, json }.
-- `request` is "GET http://…", or a URL for any method; one that ends in * fits all that begin so.
function Net:http(request, what)
  if type(request) ~= "string" then raise("the request must be a string: \"GET http://127.0.0.1/health\"") end
  local method, url = request:match("^(%u+) (.+)$")
  table.insert(self.pages, 1, { method = method, url = url or request, what = what })
end

local function fits(page, method, url)
  if page.method and page.method ~= method then return false end
  local prefix = page.url:match("^(.*)%*$")
  if prefix then return url:sub(1, #prefix) == prefix end
  return url == page.url
end

local function request_page(net, method, url, options)
  for _, page in ipairs(net.pages) do
    if fits(page, method, url) then
      local request = {
        method = method, url = url, headers = options.headers or {}, body = options.body, json = options.json,
      }
      local began = halua.now()
      local response, err = value_of(page.what, request)
      if type(response) ~= "table" then return true, response, err end
      return true, {
        status = response.status or 200, headers = response.headers or {}, url = url,
        time = math.max(0.001, halua.now() - began),
        body = response.json ~= nil and halua.json.encode(response.json) or response.body or "",
      }
    end
  end
  return false
end

for _, method in ipairs { "get", "post", "put" } do
  known["http." .. method] = function(net, url, options)
    return request_page(net, method:upper(), url, options or {})
  end
end

known["http.request"] = function(net, options)
  return request_page(net, options.method or "GET", options.url, options)
end

--- A mail server: returns the list of the mails that it takes, each as mail.send was given it. `what`: an error that
-- it answers by, or a function of the mail that returns true, true and an error about some recipients, or nil and an
-- error.
function Net:mail(server, what)
  if type(server) ~= "string" or not server:match ":%d+$" then
    raise("the server must be one with a port: \"192.0.2.25:25\"")
  end
  local taken = {}
  self.mails[server:gsub("^localhost:", "127.0.0.1:")] = { what = what == nil or what, taken = taken }
  return taken
end

known["mail.send"] = function(net, server, mail)
  local rule = net.mails[server:gsub("^localhost:", "127.0.0.1:")]
  if not rule then return false end
  local is_taken, err = value_of(rule.what, mail)
  if is_taken then rule.taken[#rule.taken + 1] = mail end
  return true, is_taken, err
end

--- A database server: what it answers, by statement (`["*"]` is any other), or a function of the statement. An answer
-- is a list of rows, { affected = 1 }, or an error; an error alone refuses the connection.
function Net:mysql(address, what)
  if type(what) ~= "table" and type(what) ~= "function" then
    raise("mysql takes a table of answers by statement, a function, or an error")
  end
  address = address:gsub("^localhost:", "127.0.0.1:")
  self.streams[address] = nil
  self.databases[address] = what
end

known["mysql.connect"] = function(net, peer)
  local database, rule = net.databases[peer], net.streams[peer]
  if database then return true, value_of(is_operating(database) and database or true) end
  if not rule then return false end
  if rule.error then return true, nil, t.error(rule.error[1], ("connect to %s: %s"):format(peer, rule.error[2])) end
  -- Accepted without a greeting, or not even that.
  sleep("24h")
end

local function is_there(net, peer)
  local database = net.databases[peer]
  if database and not is_operating(database) then return database end
  return nil, t.error("closed", peer .. " closed the connection")
end

known["Database:query"] = function(net, peer, statement)
  local database, gone = is_there(net, peer)
  if not database then return true, nil, gone end
  if type(database) == "function" then return true, database(statement) end
  local answer = database[statement] or database["*"]
  if answer == nil then return false end
  return true, value_of(answer, statement)
end

known["Database:ping"] = function(net, peer)
  local database, gone = is_there(net, peer)
  if not database then return true, nil, gone end
  return true, true
end

--- What answers datagrams: a function of each one that returns a datagram, a list of them, an error for the next call
-- of the plugin, or nil for silence; a string answers every one.
function Net:udp(address, what)
  if type(what) ~= "string" and type(what) ~= "function" and not is_operating(what) then
    raise("udp takes a function of the datagram, a string that answers every one, or an error")
  end
  self.datagrams[address:gsub("^localhost:", "127.0.0.1:")] = what
end

known["UDPSocket:send"] = function(net, peer, data)
  local what = net.datagrams[peer]
  if what == nil then return false end
  local answer = what
  if type(what) == "function" then answer = what(data) end
  if answer == nil then return true, {} end
  if type(answer) == "table" and not is_operating(answer) then return true, answer end
  return true, { answer }
end

local hints = {
  ["UDPSocket:send"] = "node.net:udp(%s, function(datagram) return \"…\" end)",
  ["mysql.connect"] = "node.net:mysql(%s, { [\"select 1\"] = { { [\"1\"] = 1 } } })",
  ["Database:query"] = "an answer to that statement in node.net:mysql(%s, { … })",
  ["http.get"] = "node.net:http(%s, { status = 200 })",
  ["http.post"] = "node.net:http(%s, { status = 200 })",
  ["http.put"] = "node.net:http(%s, { status = 200 })",
  ["http.request"] = "node.net:http(URL, { status = 200 }) with the url of %s",
  ["mail.send"] = "node.net:mail(%s)",
  ["dns.resolve"] = 'node.net:dns(%s, { "192.0.2.7" })',
  exec = "node.net:exec(%s, { code = 0 })",
}

local function serve(ticket, net, rule, peer)
  local client <close> = word.accept(ticket, net.node .. ": a client of " .. peer)
  if not client then return end
  rule.open[client] = true
  local ok, err = pcall(rule.run, client)
  if ok then
    -- Until the plugin hangs up: a server that has nothing to say does not end the connection.
    pcall(client.receive, client, "*a")
  end
  rule.open[client] = nil
  if not ok and not is_operating(err) then error(err, 0) end
end

local function unknown(ticket, net, what, advice)
  local message = ("the test's world knows nothing of %s: say %s"):format(what, advice)
  word.perform("complain", net.node, message)
  word.fail(ticket, "denied", message)
end

local function answer_stream(ticket, net, path, peer)
  local rule = net.streams[peer]
  if not rule then
    local noun = path:match("^%w+")
    return unknown(ticket, net, noun .. " " .. peer, ("node.net:refuse, :accept, :serve or :hang(%q)"):format(peer))
  end
  if rule.hangs then return end
  if rule.after then sleep(rule.after) end
  if rule.error then
    return word.fail(ticket, rule.error[1], ("connect to %s: %s"):format(peer, rule.error[2]))
  end
  serve(ticket, net, rule, peer)
end

local nodes = {}

word.handle(function(ticket, name, path, ...)
  local net = nodes[name].net
  local run = net.answers[path]
  if not run and known[path] then
    run = function(...)
      local result = table.pack(known[path](net, ...))
      if result[1] then return table.unpack(result, 2, result.n) end
      local asked = path == "Database:query" and select(2, ...) or (...)
      unknown(ticket, net, ("%s(%s)"):format(path, (show(asked))), hints[path]:format((show((...)))))
    end
  end
  if not run and (path == "tcp.connect" or path == "unix.connect") then
    return answer_stream(ticket, net, path, (...))
  end
  if not run then
    return unknown(ticket, net, ("%s(%s)"):format(path, (show((...)))),
      ("node.net:answer(%q, function(…) … end)"):format(path))
  end
  local result = table.pack(run(...))
  if result[1] == nil and is_operating(result[2]) then
    return word.fail(ticket, tostring(result[2].kind), tostring(result[2].message), result[2].code)
  end
  -- An answer that was given already is left as it is.
  word.answer(ticket, table.unpack(result, 1, result.n))
end)

-- Processes -------------------------------------------------------------------------------------------------------

local Process = {}
Process.__index = Process

--- SIGSTOP and SIGCONT.
function Process:freeze() perform("process_state", self.node, self.pid, "T") end
function Process:thaw() perform("process_state", self.node, self.pid, "S") end

--- Ends it. `collected = false` leaves a zombie, as a parent does that does not wait for its child.
function Process:stop(collected)
  if collected == false then perform("process_state", self.node, self.pid, "Z")
  else perform("process_end", self.node, self.pid) end
end

-- Nodes -----------------------------------------------------------------------------------------------------------

local Node = {}
Node.__index = Node

local node_fields = { conf = true, name = true, state = true, address = true, scripts = true }

local function make(options, level)
  for key in pairs(options) do
    if not node_fields[key] then
      raise(("t.node has no field %s (there are: address, conf, name, state)"):format((show(key))), level + 1)
    end
  end
  local node = setmetatable({ name = options.name or perform("next_name") }, Node)
  node.net = new_net(node.name)
  nodes[node.name] = node
  return node
end

function t.node(options)
  if type(options) ~= "table" then raise("t.node takes a table: t.node { conf = \"…\", state = \"MASTER\" }") end
  local node = make(options, 1)
  wait("node", {
    name = node.name, conf = options.conf, state = options.state, address = options.address, scripts = true,
  })
  node.conf = options.conf
  return node
end

--- Another router with the same instances and no checks.
function Node:neighbour(options)
  options = options or {}
  local node = setmetatable({ name = options.name or perform("next_name"), is_neighbour = true }, Node)
  node.net = new_net(node.name)
  nodes[node.name] = node
  wait("neighbour", self.name, { name = node.name, priority = options.priority, address = options.address })
  return node
end

function Node:instance(name) return (perform("instance", self.name, name)) end
function Node:check(name) return (perform("check", self.name, name)) end
function Node:gate(name) return (perform("gate", self.name, name)) end
function Node:events() return (perform("events", self.name)) end

--- The states it came to, in their order: { "BACKUP", "MASTER" }.
function Node:states(instance)
  local states = {}
  for _, event in ipairs((perform("events", self.name))) do
    if event.to and (not instance or event.instance == instance) then states[#states + 1] = event.to end
  end
  return states
end

function Node:adverts() return (perform("adverts", self.name)) end

--- The lines of the node's log and what its checks said; with a pattern those that match it.
function Node:log(pattern)
  local lines = {}
  for _, line in ipairs((perform("log", self.name))) do
    if not pattern or line:find(pattern) then lines[#lines + 1] = line end
  end
  return lines
end

function Node:stop() wait("stop", self.name) end
function Node:kill() wait("kill", self.name) end
function Node:start() wait("start", self.name) end
function Node:reload(conf) wait("reload", self.name, conf or self.conf) end

function Node:link(is_up) perform("link", self.name, is_up ~= false) end
function Node:mute(sentence) perform("mute", self.name, sentence or "sendto: Operation not permitted") end
function Node:unmute() perform("mute", self.name) end
function Node:cut_off() perform("cut", self.name, true) end
function Node:rejoin() perform("cut", self.name, false) end
function Node:hear_advert(advert) return (perform("hear_advert", self.name, advert or {})) end
function Node:hear_claim(claim) perform("hear_claim", self.name, claim or {}) end
function Node:track_process(name, is_up, reason) perform("track_process", self.name, name, is_up ~= false, reason) end

function Node:process(fields)
  local pid = perform("process_start", self.name, fields)
  return setmetatable({ node = self.name, pid = pid }, Process)
end

function Node:write_file(path, text) perform("file_write", self.name, path, text) end
function Node:remove_file(path) perform("file_remove", self.name, path) end

-- Cases -----------------------------------------------------------------------------------------------------------

local cases = {}

function t.case(name, run)
  if type(name) ~= "string" or type(run) ~= "function" then raise("t.case takes a sentence and a function") end
  for _, case in ipairs(cases) do
    if case.name == name then raise(("there are two cases %q"):format(name)) end
  end
  cases[#cases + 1] = { name = name, run = run }
end

local plain_require = require
function require(name)
  if name == "halua.test" then return t end
  return plain_require(name)
end

local function list()
  local names = {}
  for index, case in ipairs(cases) do names[index] = case.name end
  return names
end

local function run_case(index)
  local traceback
  local ok, err = xpcall(cases[index].run, function(err)
    traceback = debug.traceback("", 2)
    return err
  end)
  if ok then return { passed = true } end
  local message = is_operating(err) and tostring(err) or type(err) == "table" and show(err) or tostring(err)
  return { passed = false, message = plain(message), traceback = traceback }
end

return { list = word.keep(list), run = word.keep(run_case) }
