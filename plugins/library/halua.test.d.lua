--- Made by `make docs` from plugins/library/api: do not edit.
---@meta halua.test

---@class halua.test
---@field CLOSE table In a list of `Net:serve`: hang up.
local t = {}

---A played node.
---@class halua.Node
---@field name string Its name.
---@field net halua.Net What it sees of the network.
local Node = {}

---The network as one node sees it.
---@class halua.Net
local Net = {}

---A process of a played node.
---@class halua.PlayedProcess
---@field pid integer Its number.
local PlayedProcess = {}

---An instance at one moment.
---@class halua.PlayedInstance
---@field name string Its name.
---@field state string INIT, BACKUP, MASTER, FAULT; DOWN while the daemon does not run.
---@field priority integer The priority that counts.
---@field base_priority integer The configured one.
---@field explanation string How the one came of the other.
---@field faults string[] What keeps it in FAULT.
---@field holds_vips boolean Whether its kernel has the addresses.
---@field master string? The master it hears.
---@field transitions integer How many there were.
---@field last_transition string The last one in words.
local PlayedInstance = {}

---A check at one moment.
---@class halua.PlayedCheck
---@field name string `plugin.check`
---@field state string unknown, up, down; error when the script is wrong.
---@field passed boolean Whether the last run passed.
---@field reason string Why the last run did not.
---@field runs integer How many there were.
---@field took number Seconds of the last run.
local PlayedCheck = {}

---Adds a case. It fails by the first error or expectation that is not met.
---
---In tests.
---```lua
---local t = require "halua.test"
---t.case("three refused connections cost the address", function()
---  local node = t.node { conf = "halua.conf", state = "MASTER" }
---  node.net:refuse("127.0.0.1:8066")
---  t.advance("7s")
---  t.equal(node:instance("VI_1").state, "FAULT")
---  t.contains(node:check("mycat.greeting").reason, "refuses connections")
---end)
---```
---@param name string A sentence that says what holds.
---@param run async fun() The case.
function t.case(name, run) end

---@class halua.node.Options
---@field conf string The configuration: a path, looked for here and beside the test, or the text itself.
---@field state? "MASTER"|"BACKUP" Bring it there first, as if all checks had passed so far. For `BACKUP` a neighbour becomes master, unless another node of the test is. Without it the node starts as the daemon does and waits for the first answers.
---@field name? string How it is called in messages, and its host name. (default "node1")
---@field address? string The address it advertises from; else the configuration's, else a free one.

---Makes a node and starts its daemon. Plugins are looked for beside the test, in the folder above, and where the
---configuration says. All nodes of a case are on one wire.
---
---In tests. Waits.
---@async
---@param options halua.node.Options
---@return halua.Node node
function t.node(options) end

---Lets that much time pass, and everything happen that is due. `t.advance(0)` does what is due now.
---
---In tests. Waits.
---@async
---@param span halua.Duration How long.
function t.advance(span) end

---Advances from event to event until the function returns something true; fails when it never does.
---
---In tests. Waits.
---@async
---@param is_reached fun(): any What is waited for.
---@param limit? halua.Duration For how long. (default "60s")
---@return any value What it returned.
function t.wait_for(is_reached, limit) end

---Seconds of played time since the case began.
---
---In tests.
---@return number seconds
function t.now() end

---Steps the time of day, as `halua.time` tells it. Timers do not care.
---
---In tests.
---@param seconds number Since 1970.
function t.set_time(seconds) end

---An error of the API as the answer of a played world: `return nil, t.error("timeout", "no answer")`.
---
---In tests.
---@param kind string A kind of `halua.Error`.
---@param message? string Its sentence.
---@param code? integer The number by which a mail server says no.
---@return table err
function t.error(kind, message, code) end

---Expects a value. Tables are compared by what they hold, and the difference is listed.
---
---In tests.
---@param seen any What was seen.
---@param expected any What it must be.
---@param why? string Said when it fails.
function t.equal(seen, expected, why) end

---Expects a text that fits a pattern.
---
---In tests.
---@param seen any A text.
---@param pattern string A pattern of Lua.
---@param why? string Said when it fails.
function t.match(seen, pattern, why) end

---Expects a part of a text as it stands, or an element of a list, or a part of one of its texts.
---
---In tests.
---@param seen any What was seen.
---@param part any The part.
---@param why? string Said when it fails.
function t.contains(seen, part, why) end

---Expects anything but nil and false.
---
---In tests.
---@param seen any What was seen.
---@param why? string Said when it fails.
function t.truthy(seen, why) end

---Expects true.
---
---In tests.
---@param seen any What was seen.
---@param why? string Said when it fails.
function t.is_true(seen, why) end

---Expects nil.
---
---In tests.
---@param seen any What was seen.
---@param why? string Said when it fails.
function t.is_nil(seen, why) end

---Expects an error.
---
---In tests.
---@param run fun() What must raise it.
---@param pattern? string What its text must fit.
---@return any err The error.
function t.raises(run, pattern) end

---Fails.
---
---In tests.
---@param message string Why.
function t.fail(message) end

---How an instance is now.
---
---In tests.
---@param name? string Needed when there are several.
---@return halua.PlayedInstance instance
function Node:instance(name) end

---How a tracked check is now.
---
---In tests.
---@param name string `plugin.check`
---@return halua.PlayedCheck check
function Node:check(name) end

---What a promotion gate said last.
---
---In tests.
---@param name string `plugin.gate`
---@return { state: string, reason: string, lease: number? } gate state: not asked, asking, allowed, excused, denied; lease: seconds that are left.
function Node:gate(name) end

---Every state that it came to, in order.
---
---In tests.
---@param instance? string Of this one only.
---@return string[] states `{ "BACKUP", "MASTER" }`
function Node:states(instance) end

---Everything that the core made known.
---
---In tests.
---@return table[] events at, instance, sentence; transitions have from, to, reason too.
function Node:events() end

---The adverts it has sent.
---
---In tests.
---@return { at: number, instance: string, priority: integer }[] adverts
function Node:adverts() end

---What its log says, with every result of a check that was news.
---
---In tests.
---@param pattern? string Only lines that it fits.
---@return string[] lines
function Node:log(pattern) end

---Starts its daemon again after `stop` or `kill`.
---
---In tests. Waits.
---@async
function Node:start() end

---SIGTERM: it says goodbye, gives up its addresses, and runs its last hooks.
---
---In tests. Waits.
---@async
function Node:stop() end

---SIGKILL: no goodbye, and the kernel keeps the addresses.
---
---In tests. Waits.
---@async
function Node:kill() end

---Reloads, with the plugins read anew. Raises when the configuration is refused. The instances must stay.
---
---In tests. Waits.
---@async
---@param conf? string Another configuration.
function Node:reload(conf) end

---Puts its cable in or pulls it out.
---
---In tests.
---@param is_up? boolean false: out.
function Node:link(is_up) end

---Nothing passes between it and all others any more.
---
---In tests.
function Node:cut_off() end

---Ends `cut_off`.
---
---In tests.
function Node:rejoin() end

---Sending fails.
---
---In tests.
---@param sentence? string The error.
function Node:mute(sentence) end

---Sending works again.
---
---In tests.
function Node:unmute() end

---@class halua.Node.hear_advert.Options
---@field priority? integer 0 is a goodbye. (default 100)
---@field from? string The sender's address.
---@field interval? halua.Duration The sender's interval. (default its own)
---@field virtual_router_id? integer Another number: the advert is for its addresses and not for its virtual router. (default the instance's)
---@field dropped_by_firewall? boolean The host's firewall drops it, and only the guard sees it. (default false)
---@field instance? string Needed when there are several.

---Lets it hear one advert of a router that is not played.
---
---In tests.
---@param options? halua.Node.hear_advert.Options
---@return string verdict `accepted`, or why it was dropped.
function Node:hear_advert(options) end

---@class halua.Node.hear_claim.Options
---@field mac? string The station's Ethernet address. (default "02:00:00:00:00:01")
---@field vip? string The virtual address. (default the first one)
---@field instance? string Needed when there are several.

---Lets it hear that another station uses a virtual address, by ARP or neighbour discovery.
---
---In tests.
---@param options? halua.Node.hear_claim.Options
function Node:hear_claim(options) end

---@class halua.Node.neighbour.Options
---@field priority? integer Its priority. (default 50 more)
---@field name? string Its name.
---@field address? string Its address.

---Starts another router with the same instances and no plugins.
---
---In tests. Waits.
---@async
---@param options? halua.Node.neighbour.Options
---@return halua.Node neighbour
function Node:neighbour(options) end

---@class halua.Node.process.Options
---@field name? string As the kernel shows it; else from exe or cmdline.
---@field cmdline? string|string[] Its arguments.
---@field exe? string The file it runs.
---@field cwd? string Where it runs.
---@field pid? integer Its number; else a free one.
---@field parent? integer Its parent's number. (default 1)

---Starts a process, which `halua.process` finds.
---
---In tests.
---@param options? halua.Node.process.Options
---@return halua.PlayedProcess process
function Node:process(options) end

---SIGSTOP.
---
---In tests.
function PlayedProcess:freeze() end

---SIGCONT.
---
---In tests.
function PlayedProcess:thaw() end

---Ends it.
---
---In tests.
---@param collected? boolean false: it stays as a zombie.
function PlayedProcess:stop(collected) end

---Says how a `vrrp_track_process` block stands. Until then all are up.
---
---In tests.
---@param name string The block.
---@param is_up? boolean false: down.
---@param reason? string Why.
function Node:track_process(name, is_up, reason) end

---Writes or replaces a file.
---
---In tests.
---@param path string The whole path.
---@param text string What is in it.
function Node:write_file(path, text) end

---Removes a file.
---
---In tests.
---@param path string The whole path.
function Node:remove_file(path) end

---Connections to that address are refused from now on.
---
---In tests.
---@param address string `"127.0.0.1:8066"`, `"db.example.org:3306"`, or the path of a socket.
---@param options? { after: halua.Duration } `after`: answer only then.
function Net:refuse(address, options) end

---There is no route to that address.
---
---In tests.
---@param address string `"127.0.0.1:8066"`, `"db.example.org:3306"`, or the path of a socket.
---@param options? { after: halua.Duration } `after`: answer only then.
function Net:unreachable(address, options) end

---Nothing answers at that address, not even the kernel.
---
---In tests.
---@param address string `"127.0.0.1:8066"`, `"db.example.org:3306"`, or the path of a socket.
function Net:hang(address) end

---Connections are accepted, and no word is said: a frozen process whose kernel still accepts.
---
---In tests.
---@param address string `"127.0.0.1:8066"`, `"db.example.org:3306"`, or the path of a socket.
---@param options? { after: halua.Duration } `after`: answer only then.
function Net:accept(address, options) end

---Connections are accepted and closed.
---
---In tests.
---@param address string `"127.0.0.1:8066"`, `"db.example.org:3306"`, or the path of a socket.
---@param options? { after: halua.Duration } `after`: answer only then.
function Net:close(address, options) end

---Connections are accepted and served: by a function, which gets the connection, or by a list. A text of the
---list is sent, a number is waited for in seconds, a function is called with the connection, `t.CLOSE` hangs up.
---A server that has nothing more to say keeps the connection until the plugin hangs up. The bytes go through the
---real connection, so timeouts, patterns and limits hold. TLS is played in plain words.
---
---In tests.
---```lua
---local t = require "halua.test"
---local node = t.node { conf = "halua.conf" }
---node.net:serve("127.0.0.1:25", { "220 ", 0.2, "ready\r\n" })
---node.net:serve("127.0.0.1:6379", function(client)
---  while client:receive("*l") do client:send("+PONG\r\n") end
---end)
---```
---@param address string `"127.0.0.1:8066"`, `"db.example.org:3306"`, or the path of a socket.
---@param what async fun(client: halua.Connection)|any[] The server.
---@param options? { after: halua.Duration } `after`: answer only then.
function Net:serve(address, what, options) end

---Closes every connection that is open to an address.
---
---In tests.
---@param address string `"127.0.0.1:8066"`, `"db.example.org:3306"`, or the path of a socket.
function Net:drop(address) end

---How many connections to an address are open now: a plugin that forgets to close them shows here.
---
---In tests.
---@param address string `"127.0.0.1:8066"`, `"db.example.org:3306"`, or the path of a socket.
---@return integer count
function Net:connections(address) end

---What a web server answers. A response has `status` (200), `headers`, and `body`, or `json`, a value. The last
---word for a request holds.
---
---In tests.
---@param request string `"GET http://…"`, or a URL for any method; one that ends in `*` is a beginning.
---@param what table|async fun(request: table): table?, table? The response, an error of `t.error`, or a function of method, url, headers, body, json.
function Net:http(request, what) end

---A mail server. The list that it returns grows with each mail that the server takes.
---
---In tests.
---```lua
---local t = require "halua.test"
---local node = t.node { conf = "halua.conf" }
---local taken = node.net:mail("192.0.2.25:25")
---t.advance "10s"
---t.contains(taken[1].subject, "VI_1")
---```
---@param server string `"192.0.2.25:25"`, always with its port.
---@param what? table|async fun(mail: table): true?, table? An error of `t.error` that it answers by, or a function of the fields of `mail.send` that returns true, true and an error about some recipients, or nil and an error. Without it every mail is taken.
---@return table[] taken The fields of each call of `mail.send`.
function Net:mail(server, what) end

---A database server. `refuse`, `hang` and `accept` (no greeting) for its address end it; connections that are
---open then answer with kind `closed`.
---
---In tests.
---@param address string `"127.0.0.1:8066"`, `"db.example.org:3306"`, or the path of a socket.
---@param what table|async fun(statement: string): table?, table? Answers by statement (`["*"]` for any other), a function, or an error that refuses the connection. An answer is a list of rows, `{ affected = 1, insert_id = 0 }`, an error, or a function.
function Net:mysql(address, what) end

---What a name stands for.
---
---In tests.
---@param name string The name.
---@param what? table|async fun(name: string, options: table?): table?, table? A list as `dns.resolve` returns it, an error, or a function; nil: there is no such name.
function Net:dns(name, what) end

---What answers datagrams at that address.
---
---In tests.
---```lua
---local t = require "halua.test"
---local node = t.node { conf = "halua.conf" }
---node.net:udp("127.0.0.1:11211", function(datagram)
---  if datagram:find "version" then return "VERSION 1.6.18\r\n" end
---end)
---```
---@param address string `"127.0.0.1:8066"`, `"db.example.org:3306"`, or the path of a socket.
---@param what string|table|fun(datagram: string): string|table|nil The answer to every datagram, an error of `t.error` that the plugin's next call gets, or a function of the datagram that returns either, a list of answers, or nil: silence.
function Net:udp(address, what) end

---What a program does.
---
---In tests.
---@param command string|string[] The program, or how its list of arguments begins.
---@param what table|async fun(arguments: table): table?, table? A result of `exec` (code is 0 unless it says otherwise), an error, or a function.
function Net:exec(command, what) end

---Answers every call of one function of the API: any that has no word of its own here.
---
---In tests.
---@param path string `"icmp.ping"`
---@param what any The result, or a function of the arguments that returns the results.
function Net:answer(path, what) end

return t
