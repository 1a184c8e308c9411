--- Made by `make docs` from plugins/library/api: do not edit.
---@meta halua

---`timeout`: the time was over. `refused`: the other side said no to a connection. `unreachable`: there is no
---way there. `reset`: the other side broke it off. `closed`: it was ended, by the other side or by this one.
---`dns`: the name is not known. `auth`: a certificate or a login is not believed. `protocol`: what came is not
---what was agreed on, or too much. `denied`: this host or the other one does not allow it, or something is
---missing here. `cancelled`: the task was ended.
---@alias halua.ErrorKind "timeout"|"refused"|"unreachable"|"reset"|"closed"|"dns"|"auth"|"protocol"|"denied"|"cancelled"

---A span of time: a number is seconds; a string carries its unit, `us`, `ms`, `s`, `m` or `h`, as in `"250ms"`
---and `"1.5s"`. At most a year.
---@alias halua.Duration number|string

---The state of an instance.
---@alias halua.State "INIT"|"BACKUP"|"MASTER"|"FAULT"

---@class halua
---@field api integer The number of the contract. Additions do not change it.
---@field version string The version of halua.
---@field ANY string Every instance, where the name of one may stand: `*`, so that the operator can write it, too.
---@field hostname string The name of this host.
---@field store table What this plugin keeps.
halua = {}

---Why something could not be done. Not the script's fault.
---@class halua.Error
---@field kind halua.ErrorKind What sort of error, for decisions.
---@field message string The whole story in words.
---@field code integer? The number by which a mail server said no: 550.
---@field where string The line of the script that made the call: `mycat.lua:41`.
local Error = {}

---Raises an error when this halua does not keep the contract that the plugin was written for.
---
---Anywhere.
---```lua
---halua.require_api(1)
---```
---@param number integer The contract: 1.
function halua.require_api(number) end

---What the function of a check is called with.
---@class halua.CheckContext
---@field name string The name of the check, without the plugin's.
---@field run integer How often it has run, this run included.
---@field deadline number When this run is ended, on the clock of `halua.now`.
local CheckContext = {}

---@class halua.check.Options
---@field name string Letters, digits, `_` and `-`, at most 64; unique in the plugin.
---@field run async fun(ctx: halua.CheckContext): boolean, string? The check itself: returns true, or false and the reason in words.
---@field interval? halua.Duration From the start of a run to the start of the next; at least 10 ms. (default "5s")
---@field timeout? halua.Duration How long a run may take; at least 10 ms. (default the interval)
---@field rise? integer How many runs in a row must succeed before the check counts as up: 1 to 255. (default 1)
---@field fall? integer How many runs in a row must fail before the check counts as down: 1 to 255. (default 1)
---@field weight? integer -253 to 253. Without a weight the instance is in FAULT while the check is down. A negative weight lowers the priority while the check is down; a positive one raises it while the check is up. (default none)
---@field wake_on? halua.Watch|halua.FileWatch Run at once when this fires, in addition to the interval.
---@field on_bug? "keep"|"fail" What a bug in the script means: the check keeps its last state, or it has failed. (default "keep")

---Registers a check. Runs never overlap: a run that takes longer than the interval makes the next one start
---late, and none is queued. A run that reaches its timeout is ended and has failed; the reason names the line
---where it waited.
---
---The interval, timeout, rise, fall and weight that `track_lua` states win over those given here.
---
---Only while the plugin is loaded.
---```lua
---halua.check {
---  name = "port", interval = "2s", timeout = "1s", fall = 3, rise = 2,
---  run = function()
---    local connection <close> = assert(halua.tcp.connect { host = "127.0.0.1", port = 3306 })
---    return connection ~= nil
---  end,
---}
---```
---@param options halua.check.Options
function halua.check(options) end

---A transition, as hooks get it.
---@class halua.Event
---@field event string What kind: `transition`, `priority`, `conflict`, `guard`, `peer`, `check`, `reload` or `shutdown`.
---@field seq integer Its number, without gaps: for each instance (or check) and each kind on its own.
---@field at number When it was, on the clock of `halua.now`.
---@field dropped integer How many events of this kind right before it were left out.
---@field current boolean Live: false as soon as there is a newer one.
---@field instance halua.Instance The instance.
---@field priority integer The priority of this node then.
---@field vips string[] The virtual addresses, without prefix lengths.
---@field from halua.State The state before.
---@field to halua.State The state after.
---@field reason string Why, in one word: `startup`, `shutdown`, `master_down`, `master_left`, `preempted`, `lost_election`, `owner`, `recovered`, `check_failed`, `link_down`, `no_address`, `send_failed`, `demoted`, `sync_group`, `address_lost`, `address_refused`, `overslept`, `lease_expired`, `master_unfit`, `deaf_peer`.
---@field sentence string Why, as the log says it.
---@field vips_removed boolean Whether this transition took the addresses off this node.
---@field peer string? The address of the current master, when one is known.
local Event = {}

---A change of the priority.
---@class halua.PriorityEvent
---@field event string What kind: `transition`, `priority`, `conflict`, `guard`, `peer`, `check`, `reload` or `shutdown`.
---@field seq integer Its number, without gaps: for each instance (or check) and each kind on its own.
---@field at number When it was, on the clock of `halua.now`.
---@field dropped integer How many events of this kind right before it were left out.
---@field current boolean Live: false as soon as there is a newer one.
---@field instance halua.Instance The instance.
---@field priority integer The priority of this node then.
---@field vips string[] The virtual addresses, without prefix lengths.
---@field from integer The priority before.
---@field to integer The priority after.
---@field reason string How it adds up, as the log says it.
---@field peer string? The address of the current master, when one is known.
local PriorityEvent = {}

---Two nodes claim the same.
---@class halua.ConflictEvent
---@field event string What kind: `transition`, `priority`, `conflict`, `guard`, `peer`, `check`, `reload` or `shutdown`.
---@field seq integer Its number, without gaps: for each instance (or check) and each kind on its own.
---@field at number When it was, on the clock of `halua.now`.
---@field dropped integer How many events of this kind right before it were left out.
---@field current boolean Live: false as soon as there is a newer one.
---@field instance halua.Instance The instance.
---@field priority integer The priority of this node then.
---@field vips string[] The virtual addresses, without prefix lengths.
---@field phase "begin"|"end" Whether it begins or is over.
---@field kind "dual_master"|"duplicate_address" Another master that does not yield, or a node with the same priority and the same address.
---@field peer string The address of the other node.
---@field peer_priority integer? The priority it sends.
---@field winner string? The address of the node that goes on as master, when that is known.
---@field advice string What to look at, in words for the operator.
local ConflictEvent = {}

---What the guard has found out.
---@class halua.GuardEvent
---@field event string What kind: `transition`, `priority`, `conflict`, `guard`, `peer`, `check`, `reload` or `shutdown`.
---@field seq integer Its number, without gaps: for each instance (or check) and each kind on its own.
---@field at number When it was, on the clock of `halua.now`.
---@field dropped integer How many events of this kind right before it were left out.
---@field current boolean Live: false as soon as there is a newer one.
---@field instance halua.Instance The instance.
---@field priority integer The priority of this node then.
---@field vips string[] The virtual addresses, without prefix lengths.
---@field kind string What it is, in one word: `promotion_held` and `promotion_hold_ended`; `vrid_mismatch`, `version_mismatch`, `interval_mismatch`, `auth_mismatch`, `address_list_mismatch` and `refused_advert` for adverts that name an address of this instance under other terms; `foreign_master` when this node gives way to such a master; `vip_claim` when another station uses an address that this node holds; `local_firewall_drops_vrrp`, `adverts_lost`, `peer_silent`, each also when it is over; `peer_deaf`; `proxy_answers`; `deadman_expired` when the kernel ended the addresses because this daemon stood still.
---@field sentence string What is seen, what it means and what to do, as the log says it.
---@field alarm boolean True when somebody should look; false for the end of an alarm, and for information.
---@field peer string? The address of the other node, when it is known.
---@field mac string? The Ethernet address of the other station, where that is all.
---@field vip string? The virtual address that it is about, when it is about one.
---@field reason string? Why a promotion is held: `stale_address`, `not_released`, `foreign_master`, `foreign_advert`, `foreign_claim` or `silent_interface`.
local GuardEvent = {}

---News of the master that this node hears.
---@class halua.PeerEvent
---@field event string What kind: `transition`, `priority`, `conflict`, `guard`, `peer`, `check`, `reload` or `shutdown`.
---@field seq integer Its number, without gaps: for each instance (or check) and each kind on its own.
---@field at number When it was, on the clock of `halua.now`.
---@field dropped integer How many events of this kind right before it were left out.
---@field current boolean Live: false as soon as there is a newer one.
---@field instance halua.Instance The instance.
---@field priority integer The priority of this node then.
---@field vips string[] The virtual addresses, without prefix lengths.
---@field phase "heard"|"changed"|"lost" What has happened.
---@field peer string The address of the master; when it is lost, of the one that was.
---@field peer_priority integer? The priority it sends.
---@field former string? The master before, when it changed.
---@field reason string Why it was lost, in the words of a transition; else empty.
local PeerEvent = {}

---What a check says now.
---@class halua.CheckEvent
---@field event string What kind: `transition`, `priority`, `conflict`, `guard`, `peer`, `check`, `reload` or `shutdown`.
---@field seq integer Its number, without gaps: for each instance (or check) and each kind on its own.
---@field at number When it was, on the clock of `halua.now`.
---@field dropped integer How many events of this kind right before it were left out.
---@field current boolean Live: false as soon as there is a newer one.
---@field name string The full name: `mycat.greeting`.
---@field plugin string The plugin.
---@field check string The check's own name.
---@field ok boolean What is in force: false while the check is down.
---@field state "up"|"down"|"error" `error`: a bug in the script; what the check said last stays in force.
---@field reason string Why it is down or in error; else empty.
local CheckEvent = {}

---A reload that was taken.
---@class halua.ReloadEvent
---@field event string What kind: `transition`, `priority`, `conflict`, `guard`, `peer`, `check`, `reload` or `shutdown`.
---@field seq integer Its number, without gaps: for each instance (or check) and each kind on its own.
---@field at number When it was, on the clock of `halua.now`.
---@field dropped integer How many events of this kind right before it were left out.
---@field current boolean Live: false as soon as there is a newer one.
---@field changes string[] What it changed, in words; empty when nothing has changed.
local ReloadEvent = {}

---The end of the daemon.
---@class halua.ShutdownEvent
---@field event string What kind: `transition`, `priority`, `conflict`, `guard`, `peer`, `check`, `reload` or `shutdown`.
---@field seq integer Its number, without gaps: for each instance (or check) and each kind on its own.
---@field at number When it was, on the clock of `halua.now`.
---@field dropped integer How many events of this kind right before it were left out.
---@field current boolean Live: false as soon as there is a newer one.
---@field reason string `shutdown`.
local ShutdownEvent = {}

---A hook is called after something has happened. The node never waits for a hook, and an error in a hook changes
---nothing but the log.
---
---Hooks for transitions are called when the transition is fully in force: for MASTER after the kernel has
---confirmed the addresses and the first gratuitous ARP has left, for leaving MASTER after the addresses are
---gone.
---
---The calls of one hook for one instance come one at a time, in the order of the events. Different hooks, and
---the same hook for different instances, run side by side. At most 16 events wait for one hook and instance;
---beyond that the oldest are left out, `ev.dropped` says how many, and the log says it once for each burst.
---
---A reload ends the calls that run and says so. What still waits for a hook goes to the same hook of the new
---generation: the one with the same moment, in the same place among those of its plugin.
---@class halua.on
halua.on = {}

---@class halua.on.master.Options
---@field run async fun(ev: halua.Event) What to do.
---@field instance? string Only news of this instance; `halua.ANY` for every one. (default every instance)
---@field timeout? halua.Duration How long one call may take before it is ended. (default "10s")

---Calls a function when an instance has become MASTER and holds its addresses.
---
---Only while the plugin is loaded.
---```lua
---halua.on.master(function(ev)
---  halua.log.info("serving " .. table.concat(ev.vips, ", "))
---end)
---```
---@param options halua.on.master.Options|async fun(ev: halua.Event)
function halua.on.master(options) end

---@class halua.on.backup.Options
---@field run async fun(ev: halua.Event) What to do.
---@field instance? string Only news of this instance; `halua.ANY` for every one. (default every instance)
---@field timeout? halua.Duration How long one call may take before it is ended. (default "10s")

---Calls a function when an instance has become BACKUP.
---
---Only while the plugin is loaded.
---@param options halua.on.backup.Options|async fun(ev: halua.Event)
function halua.on.backup(options) end

---@class halua.on.fault.Options
---@field run async fun(ev: halua.Event) What to do.
---@field instance? string Only news of this instance; `halua.ANY` for every one. (default every instance)
---@field timeout? halua.Duration How long one call may take before it is ended. (default "10s")

---Calls a function when an instance has gone to FAULT: it cannot or must not serve.
---
---Only while the plugin is loaded.
---@param options halua.on.fault.Options|async fun(ev: halua.Event)
function halua.on.fault(options) end

---@class halua.on.stop.Options
---@field run async fun(ev: halua.Event) What to do.
---@field instance? string Only news of this instance; `halua.ANY` for every one. (default every instance)
---@field timeout? halua.Duration How long one call may take before it is ended. (default "10s")

---Calls a function when an instance has stopped, at the end of the daemon or of its configuration.
---
---Only while the plugin is loaded.
---@param options halua.on.stop.Options|async fun(ev: halua.Event)
function halua.on.stop(options) end

---@class halua.on.change.Options
---@field run async fun(ev: halua.Event) What to do.
---@field instance? string Only news of this instance; `halua.ANY` for every one. (default every instance)
---@field timeout? halua.Duration How long one call may take before it is ended. (default "10s")

---Calls a function at every transition.
---
---Only while the plugin is loaded.
---```lua
---halua.on.change {
---  timeout = "30s",
---  run = function(ev)
---    halua.log.info(ev.instance.name .. ": " .. ev.from .. " to " .. ev.to, { why = ev.sentence })
---  end,
---}
---```
---@param options halua.on.change.Options|async fun(ev: halua.Event)
function halua.on.change(options) end

---@class halua.on.priority.Options
---@field run async fun(ev: halua.PriorityEvent) What to do.
---@field instance? string Only news of this instance; `halua.ANY` for every one. (default every instance)
---@field timeout? halua.Duration How long one call may take before it is ended. (default "10s")

---Calls a function when the effective priority has changed.
---
---Only while the plugin is loaded.
---@param options halua.on.priority.Options|async fun(ev: halua.PriorityEvent)
function halua.on.priority(options) end

---@class halua.on.conflict.Options
---@field run async fun(ev: halua.ConflictEvent) What to do.
---@field instance? string Only news of this instance; `halua.ANY` for every one. (default every instance)
---@field timeout? halua.Duration How long one call may take before it is ended. (default "10s")

---Calls a function when another node claims what this one holds, and again when that is over. It begins with the
---first advert of such a node and ends when none came for a master down interval, or when this node leaves
---MASTER. A node that yields at once, as in every preemption, is no conflict; neither are the last words of the
---master that this node has just taken over from.
---
---Only while the plugin is loaded.
---```lua
---halua.on.conflict(function(ev)
---  halua.log.error(ev.instance.name .. ": conflict with " .. ev.peer .. ", " .. ev.phase, { advice = ev.advice })
---end)
---```
---@param options halua.on.conflict.Options|async fun(ev: halua.ConflictEvent)
function halua.on.conflict(options) end

---@class halua.on.guard.Options
---@field run async fun(ev: halua.GuardEvent) What to do.
---@field instance? string Only news of this instance; `halua.ANY` for every one. (default every instance)
---@field timeout? halua.Duration How long one call may take before it is ended. (default "10s")

---Calls a function when the guard has found something out: why this node does not take over although it hears no
---master, who else uses or advertises a virtual address, whose firewall drops adverts. Strangers on the network
---can cause such news at any rate, so hooks hear of at most two in ten seconds about one station, and eight of a
---kind.
---
---Only while the plugin is loaded.
---```lua
---halua.on.guard(function(ev)
---  if ev.alarm then halua.log.warn(ev.sentence, { kind = ev.kind, peer = ev.peer, vip = ev.vip }) end
---end)
---```
---@param options halua.on.guard.Options|async fun(ev: halua.GuardEvent)
function halua.on.guard(options) end

---@class halua.on.peer.Options
---@field run async fun(ev: halua.PeerEvent) What to do.
---@field instance? string Only news of this instance; `halua.ANY` for every one. (default every instance)
---@field timeout? halua.Duration How long one call may take before it is ended. (default "10s")

---Calls a function when another node is heard as master, when it is another one than before, and when it is
---lost.
---
---Only while the plugin is loaded.
---@param options halua.on.peer.Options|async fun(ev: halua.PeerEvent)
function halua.on.peer(options) end

---@class halua.on.check.Options
---@field run async fun(ev: halua.CheckEvent) What to do.
---@field timeout? halua.Duration How long one call may take before it is ended. (default "10s")

---Calls a function when a check has changed, after rise and fall are counted; and once after a start or a reload
---with what the check says then, so that what the hook asks of an instance is asked again. A check that a hook
---listens to runs even when no instance tracks it.
---
---Only while the plugin is loaded.
---```lua
---halua.check { name = "reach", run = function() return true end }
---halua.on.check("reach", function(ev)
---  for _, vi in ipairs(halua.instances()) do
---    if ev.ok then vi:restore("reach") else vi:demote("reach", ev.reason) end
---  end
---end)
---```
---@param name? string A check of this plugin by its name, or another's as `plugin.check`. Without it: all of its own.
---@param options halua.on.check.Options|async fun(ev: halua.CheckEvent)
function halua.on.check(name, options) end

---@class halua.on.reload.Options
---@field run async fun(ev: halua.ReloadEvent) What to do.
---@field timeout? halua.Duration How long one call may take before it is ended. (default "10s")

---Calls a function of the new generation when a reload was taken.
---
---Only while the plugin is loaded.
---@param options halua.on.reload.Options|async fun(ev: halua.ReloadEvent)
function halua.on.reload(options) end

---@class halua.on.shutdown.Options
---@field run async fun(ev: halua.ShutdownEvent) What to do.
---@field timeout? halua.Duration How long one call may take before it is ended. (default "10s")

---Calls a function when the daemon ends. All of them together have 2 seconds. The goodbye to the peers and the
---removal of the addresses do not wait for them, unless `stop_hooks_first` stands in `global_defs`.
---
---Only while the plugin is loaded.
---@param options halua.on.shutdown.Options|async fun(ev: halua.ShutdownEvent)
function halua.on.shutdown(options) end

---States the options with their defaults, once, and returns the values that hold. The default is an example of
---the type: `5` a whole number, `5.0` any number, `true` on or off, `"5s"` a duration, `"http://…"` a URL,
---`"/…"` a path, `"127.0.0.1"` a host (an IP address or a name), any other string a word, a list a list of such
---values.
---
---Only while the plugin is loaded.
---```lua
---local opt = halua.options { host = "127.0.0.1", port = 8066, timeout = "2s", targets = { "192.0.2.1" } }
---```
---@generic T: table
---@param defaults T The default of each option, or what `halua.choice`, `halua.optional` or `halua.required` returns.
---@return T options A value for each name: a plain table.
function halua.options(defaults) end

---In the place of a default: the operator must set this option.
---
---Only while the plugin is loaded.
---@param type "string"|"integer"|"number"|"boolean"|"duration"|"url"|"path"|"address"|"host"|"list"|"addresses"|string[] What kind of value it takes; `list` is a list of strings; a table lists the allowed words.
---@return any default The mark that `halua.options` understands.
function halua.required(type) end

---In the place of a default: the operator may set this option, and there is no value when he does not: nil, or
---an empty list.
---
---Only while the plugin is loaded.
---```lua
---local opt = halua.options { port = 443, ca = halua.optional "path", peers = halua.optional "addresses" }
---```
---@param type "string"|"integer"|"number"|"boolean"|"duration"|"url"|"path"|"address"|"host"|"list"|"addresses"|string[] As for `halua.required`.
---@return any default The mark that `halua.options` understands.
function halua.optional(type) end

---In the place of a default: one of these words. The first one holds unless the operator sets another.
---
---Only while the plugin is loaded.
---```lua
---local opt = halua.options { without_consul = halua.choice { "deny", "allow" } }
---```
---@param words string[] The words, at least two.
---@return any default The mark that `halua.options` understands.
function halua.choice(words) end

---Refuses what the operator has set: the value has the right type and makes no sense. The configuration is
---refused with the line that sets the option, or with that of `lua_plugin` when none does. It does not return.
---
---Only while the plugin is loaded.
---```lua
---local opt = halua.options { port = 8066 }
---if opt.port < 1 or opt.port > 65535 then
---  halua.refuse("port", "a port is a number from 1 to 65535, not " .. opt.port)
---end
---```
---@param option string The name of the option.
---@param message string Why, and what would be right.
function halua.refuse(option, message) end

---What the function of a gate is called with.
---@class halua.GateContext
---@field name string The name of the gate, without the plugin's.
---@field instance halua.Instance The instance that would become MASTER.
---@field deadline number When this run is ended, on the clock of `halua.now`.
local GateContext = {}

---What a gate may return beside `true`.
---@class halua.Lease
---@field lease halua.Duration How long the permission is good.
local Lease = {}

---A gate is asked at the one moment in which a node is about to become MASTER: the master has fallen silent, or
---left, or has the lower priority. Until all gates of the instance have allowed it, the node stays BACKUP, sends
---nothing and holds no address. An instance uses a gate when its `promotion_gate` line names it, as
---`<plugin>.<name>`.
---
---Nothing is ever asked before a node gives up its addresses.
---
---A gate that denies is asked again after a master down interval. A question is cancelled when another master is
---heard, when something is broken on this node, or when a reload takes the gate away: the run is ended where it
---waits.
---
---The core decides by its own clock. A gate that is silent, a script that hangs, a plugin that is gone: each
---counts as `on_timeout` says, which is to deny. The owner of the addresses (priority 255) asks its gates, too.
---In a sync group one member's gate speaks for all.
---
---**Leases.** A gate that allows it may say for how long. The core steps down when that time is over, unless
---`Instance:extend` has moved its end. So a script can lose mastership by hanging, but never keep it.
---@class halua.gate
halua.gate = {}

---@class halua.gate.promote.Options
---@field name string Letters, digits, `_` and `-`, at most 64; unique among the gates of the plugin.
---@field run async fun(ctx: halua.GateContext): boolean, string|halua.Lease|nil The gate itself. `true` allows it; `true, { lease = "10s" }` allows it for so long; `false` and a reason deny it. An error counts as `on_error` says, and a bug is logged with its traceback.
---@field instance? string Only for this instance; `halua.ANY` for every one. (default every instance)
---@field timeout? halua.Duration How long it may think: 10 ms to 60 s. (default "1s")
---@field on_timeout? "deny"|"allow" What its silence means. `allow` puts availability first. (default "deny")
---@field on_error? "deny"|"allow" What an error in it means, the script's own bugs included. (default "deny")

---Registers a gate. All gates of an instance are asked at the same time; the first that denies decides.
---
---A takeover takes longer by the time that the slowest gate needs. With adverts more often than every 300 ms
---that is out of proportion, and `halua check-config` says so.
---
---Only while the plugin is loaded.
---```lua
---halua.gate.promote {
---  name = "reach", timeout = "500ms", on_timeout = "deny",
---  run = function()
---    local connection <close> = assert(halua.tcp.connect { host = "192.168.4.1", port = 53, timeout = "400ms" })
---    return connection ~= nil
---  end,
---}
---```
---@param options halua.gate.promote.Options
function halua.gate.promote(options) end

---Moves the end of the lease that a gate of this plugin gave, to so long from now. The last word counts, also
---when it is the shorter one. It returns at once, and does nothing when there is no such lease: the node is not
---MASTER, or the gate allowed it without a lease.
---
---Extend a lease only by what you hold yourself. A lock that its service keeps for ten seconds more is a lease
---of fewer.
---
---Only in checks, hooks and tasks.
---```lua
---halua.gate.promote {
---  name = "lock", run = function() return true, { lease = "5s" } end,
---}
---halua.during.master(function(vi)
---  while true do
---    halua.sleep "1s"
---    vi:extend("lock", "5s")
---  end
---end)
---```
---@param gate string The name of the gate, without the plugin's.
---@param lease halua.Duration How long the permission is good from now on.
function Instance:extend(gate, lease) end

---A task that `halua.every` has registered.
---@class halua.Recurring
local Recurring = {}

---Runs a function again and again, the first time one interval after the start. Runs never overlap: while one
---goes on, the next ones are left out. A run may take as long as the interval, at least 10 seconds, before it is
---ended. An error ends one run and no more; the log says each kind of failure once, and how many there were.
---
---Only while the plugin is loaded.
---```lua
---halua.every("60s", function()
---  halua.log.info("still here")
---end)
---```
---@param interval halua.Duration From start to start; at least 10 ms.
---@param run async fun() What to do.
---@return halua.Recurring recurring
function halua.every(interval, run) end

---No further run. One that goes on comes to its end.
---
---Anywhere.
function Recurring:cancel() end

---Such a task starts when an instance enters the state and is cancelled the moment it leaves it: no loop goes on
---that nobody needs. There are never two at once for one instance. A reload starts it anew when the instance is
---in that state.
---
---A task that returns is done until the state is entered again. One that fails is started again after a pause of
---1 second, then 2, 4 … up to 30; the log says each kind of failure once.
---@class halua.during
halua.during = {}

---@class halua.during.master.Options
---@field run async fun(vi: halua.Instance) What to do meanwhile.
---@field instance? string Only for this instance; `halua.ANY` for every one. (default every instance)

---Runs a function while an instance is MASTER and holds its addresses.
---
---Only while the plugin is loaded.
---```lua
---halua.during.master(function(vi)
---  while true do
---    halua.log.debug(vi.name .. " is still master")
---    halua.sleep "10s"
---  end
---end)
---```
---@param options halua.during.master.Options|async fun(vi: halua.Instance)
function halua.during.master(options) end

---@class halua.during.backup.Options
---@field run async fun(vi: halua.Instance) What to do meanwhile.
---@field instance? string Only for this instance; `halua.ANY` for every one. (default every instance)

---Runs a function while an instance is BACKUP.
---
---Only while the plugin is loaded.
---@param options halua.during.backup.Options|async fun(vi: halua.Instance)
function halua.during.backup(options) end

---A virtual router instance. One object for each, so that they can be compared.
---@class halua.Instance
---@field name string The name in the configuration. Only this one is there while loading.
---@field state halua.State The state of this node.
---@field priority integer The priority, with all that is added to it.
---@field base_priority integer The priority of the configuration.
---@field preempts boolean False with `nopreempt`: then a lower priority costs a MASTER nothing.
---@field peers string[] The addresses of other nodes that are configured or were heard.
---@field master string? The address of the current master, when one is known.
---@field interface string The name of the interface.
---@field vips string[] The virtual addresses, without prefix lengths.
---@field since number When the state began, on the clock of `halua.now`.
local Instance = {}

---A change of priority that a script made. It stands without the object, too.
---@class halua.Adjustment
local Adjustment = {}

---Finds an instance by its name. While the plugin is loaded every name is accepted.
---
---Anywhere.
---```lua
---local vi = assert(halua.instance "VI_1")
---halua.log.info(vi.name .. " is " .. vi.state)
---```
---@param name string The name in the configuration.
---@return halua.Instance? instance
---@return halua.Error? err
function halua.instance(name) end

---Lists the instances in the order of their names.
---
---Only in checks, hooks and tasks.
---```lua
---for _, vi in ipairs(halua.instances()) do
---  halua.log.info(vi.name, { state = vi.state, priority = vi.priority })
---end
---```
---@param name? string|string[] Only the one of this name, or those of the list; `halua.ANY` for all.
---@return halua.Instance[] instances Empty when there is none.
function halua.instances(name) end

---Raises or lowers the priority for as long as the request stands. All adjustments are added to the base
---priority; the sum is kept between 1 and 254. `halua status` lists each with its reason. A plugin may have 64
---keys in force for an instance, demotions included; a key has at most 64 octets, and a reason is cut after 512.
---
---Only in checks, hooks and tasks.
---```lua
---halua.on.backup {
---  timeout = "30s",
---  run = function(ev)
---    local adjustment = ev.instance:adjust_priority("warm-up", -50, "caches are cold", "60s")
---    halua.sleep "20s"
---    adjustment:clear()
---  end,
---}
---```
---@param key string The name of the request; a new one of the same name replaces it.
---@param delta integer -253 to 253; 0 takes the request back.
---@param reason string Why, in words for the operator.
---@param ttl? halua.Duration After this time it lapses by itself.
---@return halua.Adjustment adjustment
function Instance:adjust_priority(key, delta, reason, ttl) end

---Puts the instance into FAULT for as long as the request stands: it gives up its addresses.
---
---Only in checks, hooks and tasks.
---```lua
---local vi = assert(halua.instance "VI_1")
---vi:demote("maintenance", "the disk is being replaced", "2h")
---```
---@param key string The name of the request.
---@param reason string Why, in words for the operator.
---@param ttl? halua.Duration After this time it lapses by itself.
function Instance:demote(key, reason, ttl) end

---Takes a `demote` back.
---
---Only in checks, hooks and tasks.
---@param key string The key that `demote` was given.
function Instance:restore(key) end

---Changes the adjustment. A time to live that it was made with begins anew.
---
---Only in checks, hooks and tasks.
---@param delta integer -253 to 253; 0 takes it back.
---@param reason? string Without one the old reason stays.
function Adjustment:set(delta, reason) end

---Takes the adjustment back.
---
---Only in checks, hooks and tasks.
function Adjustment:clear() end

---A task that `halua.spawn` has started.
---@class halua.Task
local Task = {}

---Waits. `sleep(0)` lets the other tasks have a turn.
---
---Only in checks, hooks and tasks. Waits.
---```lua
---halua.sleep "20ms"
---```
---@async
---@param duration halua.Duration How long.
---@return true ok
function halua.sleep(duration) end

---Starts a task. One that is started inside of a run ends with that run at the latest. One that is started while
---the plugin is loaded begins when the plugin does and may go on for as long as it lives; it gets no arguments
---and no task is returned.
---
---Anywhere.
---```lua
---local slow = halua.spawn(function(word)
---  halua.sleep "20ms"
---  return word:upper()
---end, "done")
---assert(slow:join() == "DONE")
---```
---@param run async fun(...) What to do.
---@param ... any Its arguments.
---@return halua.Task task While loading: nothing.
function halua.spawn(run, ...) end

---Runs functions side by side and waits for all of them. The result is a list of what each returned first, in
---their order, with their number as `n` (one that returned nothing leaves a hole). A `false` is a result like
---any other. When one returns `nil` and an error, or an operating error is raised in it, the others are
---cancelled and that error is returned. A bug in one is raised here, with its own traceback.
---
---Only in checks, hooks and tasks. Waits.
---```lua
---local pages = assert(halua.all {
---  function() halua.sleep "2ms" return "first" end,
---  function() return "second" end,
---})
---assert(pages.n == 2 and pages[1] == "first")
---```
---@async
---@param functions (async fun(): any)[] What to run.
---@return table? results What each returned first, and `n`.
---@return any err The error of the first that failed.
function halua.all(functions) end

---Runs functions side by side and waits for the first that succeeds: whose first result is neither `nil` nor
---`false`. All of its results are returned, and the others are cancelled before. When none succeeds, the error
---tells every different reason once (at most four), with the kind of the last function's in the list. A bug in
---one is raised here, with its own traceback.
---
---Only in checks, hooks and tasks. Waits.
---```lua
---local answer = halua.any {
---  function() return nil, "no luck" end,
---  function() halua.sleep "2ms" return "found" end,
---  function() halua.sleep(60) return "too late" end,
---}
---assert(answer == "found")
---```
---@async
---@param functions (async fun(): any)[] What to run: at least one.
---@return any ... What the first to succeed returned; `nil` when none did.
---@return halua.Error? err
function halua.any(functions) end

---Runs a function that may not take longer than a span, and returns what it returns. When the time is over the
---function is cancelled where it waits, its `<close>` variables are closed, and the error of kind `timeout` says
---what it waited in and where. They may stand in each other; the shortest time ends what is inside of it.
---
---Only in checks, hooks and tasks. Waits.
---```lua
---local _, err = halua.with_timeout("5ms", function() halua.sleep(60) end)
---assert(err.kind == "timeout")
---```
---@async
---@param duration halua.Duration How long it may take.
---@param run async fun(...): ... What to do.
---@param ... any Its arguments.
---@return any ... What the function returned; `nil` when it failed.
---@return halua.Error? err
function halua.with_timeout(duration, run, ...) end

---Waits for the end of a task. A bug in the task's function is raised here, too.
---
---Only in checks, hooks and tasks. Waits.
---@async
---@return any ... What the function returned; nil and an error when it failed or was cancelled.
function Task:join() end

---Ends a task where it waits. A task cannot cancel itself.
---
---Only in checks, hooks and tasks.
function Task:cancel() end

---ARP for IPv4 asks the link itself: a neighbour answers even when it filters ICMP. It says nothing about hosts
---behind a router.
---@class halua.arp
halua.arp = {}

---@class halua.arp.ping.Options
---@field timeout? halua.Duration How long to wait. (default "1s")
---@field interface? string Where to ask. (default by the route)

---Asks up to three times within the timeout who has the address. Fails with kind `timeout` (nobody has it),
---`unreachable` (no way to it, and no interface given), or `denied` (no such interface, one that is no Ethernet,
---no rights: the daemon needs CAP_NET_RAW).
---
---Only in checks, hooks and tasks. Waits.
---```lua
---local mac = assert(halua.arp.ping("192.0.2.1", { interface = "eth0", timeout = "400ms" }))
---return true, "the gateway is at " .. mac
---```
---@async
---@param address string An IPv4 address on the link.
---@param options? halua.arp.ping.Options
---@return string? mac The Ethernet address of the one who has it.
---@return number|halua.Error|nil seconds Since the last question; or the error.
function halua.arp.ping(address, options) end

---What a server answered.
---@class halua.Response
---@field status integer Such as 200.
---@field headers table<string, string> By their names in lower case. Repeated ones are joined by `, `, `set-cookie` by a line end.
---@field body string All of it.
---@field url string Of the last request, when redirects were followed.
---@field time number Seconds from the call to the answer's end.
local Response = {}

---Any answer of the server is a response, whatever its status; only the lack of an answer is an error. Its kind
---says why: `dns`, `refused`, `unreachable`, `timeout`, `reset`, `closed`, `auth` (the certificate), `protocol`
---(what came is no HTTP, or too long), `denied` (libcurl is missing, a file cannot be read). Its message has the
---server's name, and never the path, because that may be a secret.
---
---It speaks HTTP/1.1 and TLS 1.2 or newer. Names are looked up without holding anything up.
---@class halua.http
halua.http = {}

---@class halua.http.get.Options
---@field headers? table<string, string|number> Headers to send. halua tells the length itself.
---@field body? string What to send.
---@field json? any A value to send as JSON, with the headers that say so.
---@field timeout? halua.Duration For the whole: lookup of the name, redirects and body included. (default "30s")
---@field follow? integer How many redirects to follow, at most 20. Another server gets neither password nor cookies. (default 0)
---@field verify? boolean Whether the certificate must be right. (default true)
---@field ca? string A PEM file with the authorities to trust instead of the system's.
---@field cert? string A PEM file with the own certificate.
---@field key? string A PEM file with its key, if that is in another file. Not encrypted.
---@field user? string Who asks (basic authentication).
---@field password? string The password that belongs to it.
---@field interface? string Send through this interface only.
---@field source? string The own address to connect from.
---@field proxy? string Ask this proxy, `http://…`. Those of the environment are not asked.
---@field unix? string The path of a socket to connect to instead of the host.
---@field max_bytes? integer A longer body is an error; at most 16 MiB. The head may have 128 KiB. (default 1048576)
---@field resolve? string|string[] Addresses to use instead of looking up the host's name.
---@field nameserver? string The one server to ask for the host's name, as in `dns.resolve`.
---@field reuse? boolean Keep the connection, and use a kept one. A new one shows a check that the service still accepts. (default false)

---Asks for what is at a URL.
---
---Only in checks, hooks and tasks. Waits.
---```lua
---local response, err = halua.http.get("http://127.0.0.1:8080/health", { timeout = "1s" })
---if not response then return false, tostring(err) end
---return response.status == 200, "the service says " .. response.status
---```
---@async
---@param url string Begins with `http://` or `https://`.
---@param options? halua.http.get.Options
---@return halua.Response? response
---@return halua.Error? err
function halua.http.get(url, options) end

---Sends something to a URL.
---
---Only in checks, hooks and tasks. Waits.
---```lua
---local response = assert(halua.http.post("https://hooks.example.org/halua", {
---  json = { text = halua.hostname .. " is master" }, timeout = "3s",
---}))
---halua.log.info("told", { status = response.status })
---```
---@async
---@param url string Begins with `http://` or `https://`.
---@param options? halua.http.get.Options
---@return halua.Response? response
---@return halua.Error? err
function halua.http.post(url, options) end

---Puts something at a URL.
---
---Only in checks, hooks and tasks. Waits.
---@async
---@param url string Begins with `http://` or `https://`.
---@param options? halua.http.get.Options
---@return halua.Response? response
---@return halua.Error? err
function halua.http.put(url, options) end

---@class halua.http.request.Options
---@field url string Begins with `http://` or `https://`.
---@field method? string Such as `DELETE`. (default "GET")
---@field headers? table<string, string|number> Headers to send. halua tells the length itself.
---@field body? string What to send.
---@field json? any A value to send as JSON, with the headers that say so.
---@field timeout? halua.Duration For the whole: lookup of the name, redirects and body included. (default "30s")
---@field follow? integer How many redirects to follow, at most 20. Another server gets neither password nor cookies. (default 0)
---@field verify? boolean Whether the certificate must be right. (default true)
---@field ca? string A PEM file with the authorities to trust instead of the system's.
---@field cert? string A PEM file with the own certificate.
---@field key? string A PEM file with its key, if that is in another file. Not encrypted.
---@field user? string Who asks (basic authentication).
---@field password? string The password that belongs to it.
---@field interface? string Send through this interface only.
---@field source? string The own address to connect from.
---@field proxy? string Ask this proxy, `http://…`. Those of the environment are not asked.
---@field unix? string The path of a socket to connect to instead of the host.
---@field max_bytes? integer A longer body is an error; at most 16 MiB. The head may have 128 KiB. (default 1048576)
---@field resolve? string|string[] Addresses to use instead of looking up the host's name.
---@field nameserver? string The one server to ask for the host's name, as in `dns.resolve`.
---@field reuse? boolean Keep the connection, and use a kept one. A new one shows a check that the service still accepts. (default false)

---The same with any method.
---
---Only in checks, hooks and tasks. Waits.
---```lua
---assert(halua.http.request { method = "DELETE", url = "http://127.0.0.1:8500/v1/kv/lock" })
---```
---@async
---@param options halua.http.request.Options
---@return halua.Response? response
---@return halua.Error? err
function halua.http.request(options) end

---The body as `json.decode` reads it.
---
---Anywhere.
---@return any value
---@return halua.Error? err
function Response:json() end

---Connections to sockets on this host: haproxy's statistics socket, a supervisor, a database. They are used as
---those of `tcp.connect`.
---@class halua.unix
halua.unix = {}

---@class halua.unix.connect.Options
---@field path string Where it is, up to 107 octets; `@name` stands for the abstract namespace.
---@field timeout? halua.Duration How long to wait; without one the run's own deadline is the limit. (default none)

---Opens a connection. Fails with kind `refused` (nobody listens, there is no such socket), `denied` (no
---permission) or `timeout` (the listener's queue is full).
---
---Only in checks, hooks and tasks. Waits.
---```lua
---local haproxy <close> = assert(halua.unix.connect "/run/haproxy/admin.sock")
---assert(haproxy:send "show info\n")
---return assert(haproxy:receive("*a", "1s")):find "Uptime_sec" ~= nil
---```
---@async
---@param options halua.unix.connect.Options|string
---@return halua.Connection? connection
---@return halua.Error? err
function halua.unix.connect(options) end

---One SRV record.
---@class halua.Service
---@field target string The host's name.
---@field port integer Where it listens.
---@field priority integer Lower ones are tried first.
---@field weight integer How large its share is among those of one priority.
local Service = {}

---Names are looked up by c-ares (Debian: `libc-ares2`), which is loaded on first use. It asks the servers of
---`/etc/resolv.conf` as it is at that moment, and `/etc/hosts` first where addresses are wanted. IP addresses
---and `localhost` are answered at once, without the library. A lookup counts as one of the plugin's handles
---while it goes on.
---@class halua.dns
halua.dns = {}

---@class halua.dns.resolve.Options
---@field type? "A"|"AAAA"|"SRV"|"TXT"|"PTR" What is wanted. (default addresses)
---@field server? string The one server to ask: an IP address, or one with a port (`"192.0.2.53:5353"`).
---@field timeout? halua.Duration For the whole lookup; a server that does not answer is asked again within it. (default "5s")

---Looks a name up. Without a type the answer is the addresses of both families, in the order in which they
---should be tried. Fails with kind `dns` (no such name, no such record, the server refuses), `timeout` (no
---server answers) or `denied` (the library is missing).
---
---Only in checks, hooks and tasks. Waits.
---```lua
---local services = assert(halua.dns.resolve("_consul._tcp.example.org", { type = "SRV", timeout = "1s" }))
---local first = services[1]
---return true, first.target .. " port " .. first.port
---```
---@async
---@param name string A name of up to 253 characters; for `PTR` also an IP address.
---@param options? halua.dns.resolve.Options
---@return string[]|halua.Service[]|nil answers Addresses, texts or names; for `SRV` services, the first to try first.
---@return halua.Error? err
function halua.dns.resolve(name, options) end

---The mail is a complete one: with a date and an identifier, its subject and body in UTF-8 and encoded where
---that is needed, marked as made by a machine so that nobody's holiday notice answers it. Addresses are bare, as
---in `ops@example.org`, and ASCII.
---
---Nothing waits but the task: neither a name server nor a mail server that hangs holds anything up.
---@class halua.mail
halua.mail = {}

---@class halua.mail.send.Options
---@field server string `"mail.example.org"`, `"192.0.2.25:587"`, `"[2001:db8::25]:25"`. Port 25, or 465 for `smtps`.
---@field from string The sender.
---@field to string|string[] The recipients, at most 100 with `cc`.
---@field cc? string|string[] Who gets a copy.
---@field subject? string One line, at most 1,000 octets. (default "")
---@field body? string The text, at most 1 MiB, with any line ends. (default "")
---@field timeout? halua.Duration For the whole: lookup of the name, login and all answers included. (default "30s")
---@field helo? string How this host names itself (EHLO). (default this host's name)
---@field user? string Who logs in, by PLAIN, LOGIN or CRAM-MD5.
---@field password? string The password that belongs to it.
---@field tls? "off"|"starttls"|"smtps" `starttls`: no mail without it. `smtps`: TLS from the beginning, usually on port 465. (default "off"; "starttls" with a user)
---@field verify? boolean Whether the certificate must be right. (default true)
---@field ca? string A PEM file with the authorities to trust instead of the system's.

---Gives a mail to a server, and comes back when the server has taken it. A line end in an address or in the
---subject is a mistake of the script, for it would write headers.
---
---When the server takes some of the recipients only, the others get the mail, and an error besides `true` names
---those who do not. Its words stand in the error's message, its reply code in `err.code`: from 500 on it makes
---no sense to try the same again. Kinds: `denied` (the server said no), `auth` (login, certificate, no
---STARTTLS), `protocol` (what answers is no mail server), and those of a connection.
---
---Only in checks, hooks and tasks. Waits.
---```lua
---local sent, err = halua.mail.send {
---  server = "mail.example.org", from = "halua@example.org", to = "ops@example.org",
---  subject = halua.hostname .. " is MASTER", body = "It has taken over.\n", timeout = "10s",
---}
---if not sent then halua.log.warn("nobody was told: " .. err) end
---```
---@async
---@param options halua.mail.send.Options
---@return true? sent True when the server has taken it for one recipient or more.
---@return halua.Error? err Why not, or who does not get it.
function halua.mail.send(options) end

---A connection to a server. Can be bound with `<close>`.
---@class halua.Database
---@field server_version string As the server greets: `5.6.29-mycat-1.6…`.
local Database = {}

---A connection runs one statement at a time: while one task waits for it, another that uses it makes a script
---error. Bind it with `<close>`, so that it is closed however the function ends.
---
---What the server refuses is an error with its number and text: `error 1064: You have an error in your SQL
---syntax…`. The kind is `auth` when it refuses the login, `denied` for every other refusal, and `timeout`,
---`refused`, `unreachable`, `dns`, `closed`, `reset` or `protocol` when the connection is the trouble. After a
---time-out, and when a result passes its limits, the connection is closed; after a refusal it goes on.
---
---After the login nothing is sent but what the script asks for, so that Mycat's manager port is served as well.
---The connection is not encrypted: the TLS handshake of libmariadb would hold up every other script.
---@class halua.mysql
halua.mysql = {}

---@class halua.mysql.connect.Options
---@field host? string A name or an IP address. (default "127.0.0.1")
---@field port? integer 1 to 65535. (default 3306)
---@field socket? string The path of the server's socket, instead of host and port.
---@field user string Who logs in.
---@field password? string Sent by `mysql_native_password`, `caching_sha2_password`, `sha256_password` or `client_ed25519`. (default none)
---@field database? string The database, or Mycat's schema, that statements are about.
---@field charset? string Of the texts. (default "utf8mb4")
---@field timeout? halua.Duration For the whole: lookup of the name, connecting and login. (default "5s")
---@field source? string The own address to connect from.
---@field nameserver? string The one server to ask for the host's name, as in `dns.resolve`.
---@field max_rows? integer The most rows of a result; up to 100000. (default 1000)
---@field max_bytes? integer The most octets of a result; up to 16 MiB. (default 1048576)

---Connects and logs in.
---
---Only in checks, hooks and tasks. Waits.
---```lua
---local db <close> = assert(halua.mysql.connect { user = "halua", password = "secret", timeout = "1s" })
---local rows = assert(db:query("SELECT @@read_only AS read_only", "1s"))
---return rows[1].read_only == 0, "the server is read only"
---```
---@async
---@param options halua.mysql.connect.Options
---@return halua.Database? database
---@return halua.Error? err
function halua.mysql.connect(options) end

---Runs one statement. One that has a result returns a list of rows, each a table by the names of the columns
---(name those that have none, or the same, by `AS`). Whole numbers are integers, floats are numbers, everything
---else is a string: `DECIMAL`, so that no digit is lost, dates, and whole numbers above 2^63. NULL is an absent
---field. Other statements return `{ affected =, insert_id = }`. A procedure returns its first result.
---
---Only in checks, hooks and tasks. Waits.
---@async
---@param sql string At most 1 MiB.
---@param timeout? halua.Duration How long to wait. (default "30s")
---@return table<string, string|number>[]|{ affected: integer, insert_id: integer }? result
---@return halua.Error? err
function Database:query(sql, timeout) end

---Asks whether the server is there, by COM_PING.
---
---Only in checks, hooks and tasks. Waits.
---@async
---@param timeout? halua.Duration How long to wait. (default "30s")
---@return true? ok
---@return halua.Error? err
function Database:ping(timeout) end

---A value as SQL writes it: text in quotes, with everything escaped that has a meaning; nil is `NULL`.
---
---Only in checks, hooks and tasks.
---@param value string|number|boolean? What comes from outside.
---@return string? literal
---@return halua.Error? err
function Database:quote(value) end

---Says goodbye and closes; a task that waits for it gets an error of kind `closed`.
---
---Anywhere.
function Database:close() end

---Neighbour discovery for IPv6 asks the link itself: a neighbour answers even when it filters ICMP. It says
---nothing about hosts behind a router.
---@class halua.ndp
halua.ndp = {}

---@class halua.ndp.ping.Options
---@field timeout? halua.Duration How long to wait. (default "1s")
---@field interface? string Where to ask. (default by the route)

---Asks up to three times within the timeout who has the address. Fails with kind `timeout` (nobody has it),
---`unreachable` (no way to it, and no interface given), or `denied` (no such interface, one that is no Ethernet,
---no rights: the daemon needs CAP_NET_RAW).
---
---Only in checks, hooks and tasks. Waits.
---```lua
---local mac = assert(halua.ndp.ping("2001:db8::1", { interface = "eth0", timeout = "400ms" }))
---return true, "the gateway is at " .. mac
---```
---@async
---@param address string An IPv6 address on the link.
---@param options? halua.ndp.ping.Options
---@return string? mac The Ethernet address of the one who has it.
---@return number|halua.Error|nil seconds Since the last question; or the error.
function halua.ndp.ping(address, options) end

---ICMP echo for IPv4 and IPv6. A host that answers lives; what runs on it may be dead all the same.
---@class halua.icmp
halua.icmp = {}

---@class halua.icmp.ping.Options
---@field timeout? halua.Duration For everything, a lookup included. (default "1s")
---@field interface? string Send through this interface only.
---@field size? integer Octets of payload, 0 to 8972. (default 56)

---Asks up to three times within the timeout, and returns as soon as one question is answered. Replies to others
---are not taken for it. Fails with kind `timeout` (no answer), `unreachable` (no way to the host, or a router
---says so), `dns`, or `denied` (no such interface, this host's own address through an interface, no rights: the
---daemon needs CAP_NET_RAW).
---
---Only in checks, hooks and tasks. Waits.
---```lua
---local seconds = assert(halua.icmp.ping("192.0.2.1", { timeout = "500ms" }))
---return seconds < 0.1, ("slow: %.0f ms"):format(seconds * 1000)
---```
---@async
---@param host string An address, or a name.
---@param options? halua.icmp.ping.Options
---@return number? seconds Between question and reply.
---@return halua.Error? err
function halua.icmp.ping(host, options) end

---An open connection. Can be bound with `<close>`.
---@class halua.Connection
local Connection = {}

---Whom to believe, and who we are. Changed files are read anew.
---@class halua.TLS
---@field server_name string? The name or address that the certificate must be for, instead of the host.
---@field ca string? A file or directory of certificates to trust, instead of the system's.
---@field verify boolean? `false` believes everybody.
---@field cert string? The own certificate, a PEM file, for servers that ask for one.
---@field key string? The key of it, not encrypted; when absent it is in the file of `cert`.
local TLS = {}

---A connection does one thing at a time: while one task waits for it, another that uses it makes a script error.
---Bind it with `<close>`, so that it is closed however the function ends. A plugin may hold 256 connections,
---watches and other handles at a time.
---@class halua.tcp
halua.tcp = {}

---@class halua.tcp.connect.Options
---@field host string An address, or a name.
---@field port integer 1 to 65535.
---@field timeout? halua.Duration For everything: lookup, connecting, TLS; without one the run's own deadline is the limit. (default none)
---@field source? string The own address to connect from.
---@field interface? string Send through this interface only.
---@field tls? boolean|halua.TLS `true`, or a table that says whom to believe. (default false)

---Opens a connection. A name is looked up (see `dns.resolve`), and up to eight of its addresses are tried one
---after the other within the timeout. With `tls` the certificate must be one that the system trusts, and be for
---the host; OpenSSL is loaded on first use (Debian: `libssl3`). Fails with kind `refused`, `timeout`,
---`unreachable`, `dns`, `auth` (a certificate that is not believed, with the reason in words), `protocol` (the
---peer speaks no TLS) or `denied` (a library or a file is missing, no such source or interface).
---
---Only in checks, hooks and tasks. Waits.
---```lua
---local connection <close> = assert(halua.tcp.connect { host = "127.0.0.1", port = 25, timeout = "1s" })
---local greeting = assert(connection:receive("*l", "1s"))
---assert(connection:send "QUIT\r\n")
---return greeting:sub(1, 3) == "220", "the mail server says: " .. greeting
---```
---@async
---@param options halua.tcp.connect.Options
---@return halua.Connection? connection
---@return halua.Error? err
function halua.tcp.connect(options) end

---Sends all of the data. It counts as sent when the kernel has taken it; the peer may never see it.
---
---Only in checks, hooks and tasks. Waits.
---@async
---@param data string The octets.
---@param timeout? halua.Duration How long to wait.
---@return true? ok
---@return halua.Error? err
function Connection:send(data, timeout) end

---Reads as much as the pattern asks for, at most 1 MiB; more is an error of kind `protocol`.
---
---Only in checks, hooks and tasks. Waits.
---@async
---@param pattern integer|"*l"|"*a" A number of octets, a line (returned without its end), or all until the peer closes.
---@param timeout? halua.Duration How long to wait.
---@return string? data
---@return halua.Error? err
---@return string? partial What had arrived when it failed.
function Connection:receive(pattern, timeout) end

---@class halua.Connection.starttls.Options
---@field server_name? string Whom the certificate must be for. (default the host)
---@field ca? string A file or directory of certificates to trust. (default the system's)
---@field verify? boolean `false` believes everybody. (default true)
---@field cert? string The own certificate, a PEM file, for peers that ask for one.
---@field key? string The key of it, not encrypted. (default the file of `cert`)
---@field timeout? halua.Duration How long to wait. (default none)

---Goes on by TLS, once the peer has agreed to it in its own protocol (SMTP, LDAP, PostgreSQL). Everything that
---the peer said before must have been received: more is an error of kind `protocol`. When it fails, the
---connection is closed.
---
---Only in checks, hooks and tasks. Waits.
---```lua
---local connection <close> = assert(halua.tcp.connect { host = "mail.example.org", port = 25, timeout = "2s" })
---assert(connection:receive("*l", "1s"))
---assert(connection:send "STARTTLS\r\n")
---assert(connection:receive("*l", "1s"))
---return connection:starttls { timeout = "2s" }
---```
---@async
---@param options? halua.Connection.starttls.Options
---@return true? ok
---@return halua.Error? err
function Connection:starttls(options) end

---Closes the connection; a task that waits for it gets an error of kind `closed`. By TLS the peer is told that
---this was all; its answer is not waited for.
---
---Anywhere.
function Connection:close() end

---An open socket for datagrams. Can be bound with `<close>`.
---@class halua.UDPSocket
local UDPSocket = {}

---A socket for datagrams to one peer; what others send is not heard. Bind it with `<close>`. It counts as one of
---the plugin's handles. Nobody confirms a datagram: that it was sent says nothing about the peer.
---@class halua.udp
halua.udp = {}

---@class halua.udp.socket.Options
---@field host string An address, or a name.
---@field port integer 1 to 65535.
---@field timeout? halua.Duration For looking the name up. (default "5s")
---@field source? string The own address to send from.
---@field source_port? integer The own port to send from; 1 to 65535.
---@field interface? string Send through this interface only.

---Opens a socket. Fails with kind `dns` or `timeout` (the name is not known), `unreachable`, or `denied` (no
---such source or interface).
---
---Only in checks, hooks and tasks. Waits.
---```lua
---local memcached <close> = assert(halua.udp.socket { host = "127.0.0.1", port = 11211 })
---assert(memcached:send "\0\1\0\0\0\1\0\0version\r\n")
---local answer = assert(memcached:receive "500ms")
---return answer:find "VERSION" ~= nil
---```
---@async
---@param options halua.udp.socket.Options
---@return halua.UDPSocket? socket
---@return halua.Error? err
function halua.udp.socket(options) end

---Sends one datagram of up to 65507 octets. Fails with kind `refused` when an earlier one reached a port where
---nobody listens; this one was not sent then.
---
---Only in checks, hooks and tasks. Waits.
---@async
---@param data string The octets.
---@param timeout? halua.Duration How long to wait.
---@return true? ok
---@return halua.Error? err
function UDPSocket:send(data, timeout) end

---Waits for the next datagram. Fails with kind `timeout`, or `refused` when nobody listens on the port.
---
---Only in checks, hooks and tasks. Waits.
---@async
---@param timeout? halua.Duration How long to wait.
---@return string? data
---@return halua.Error? err
function UDPSocket:receive(timeout) end

---Closes the socket; a task that waits for it gets an error of kind `closed`.
---
---Anywhere.
function UDPSocket:close() end

---A watched file. Can be bound with `<close>`.
---@class halua.FileWatch
local FileWatch = {}

---What a file is.
---@class halua.FileStatus
---@field kind "file"|"directory"|"fifo"|"socket"|"block"|"character"|"other" Its kind.
---@field size integer Octets.
---@field mtime number When its content changed, in seconds since 1970.
---@field mode string Its permissions as four octal digits: "0644".
---@field owner integer The number of its user.
---@field group integer The number of its group.
local FileStatus = {}

---The room in a file system.
---@class halua.FileRoom
---@field total integer Octets in all.
---@field free integer Octets that are free.
---@field available integer Octets that users other than root may still take.
---@field inodes integer Files in all; 0 where the file system has no such limit.
---@field free_inodes integer Files that can still be made.
---@field read_only boolean Nothing can be written.
local FileRoom = {}

---These functions are for local files: they do not wait, but a file server that does not answer would hold the
---script thread up. What may take long, such as writing, or the room on a network's disk, is a task for
---`halua.exec`.
---@class halua.file
halua.file = {}

---Reads a whole file. Only regular files are read: a FIFO or a device could hold the script thread up. Fails
---with kind `denied` when it cannot be read or is longer than the limit.
---
---Only in checks, hooks and tasks.
---```lua
---local mounts = assert(halua.file.read "/proc/mounts")
---assert(mounts:find(" / ", 1, true), "the root of the file system is mounted")
---```
---@param path string The path.
---@param max? integer The most octets to read, up to 4 MiB. (default 65536)
---@return string? text
---@return halua.Error? err
function halua.file.read(path, max) end

---Says what a file is, symbolic links followed. Fails with kind `denied` when there is none of that name or it
---may not be looked at.
---
---Only in checks, hooks and tasks.
---```lua
---local status = assert(halua.file.stat "/etc/passwd")
---assert(status.kind == "file" and status.size > 0 and halua.time() > status.mtime)
---```
---@param path string The path.
---@return halua.FileStatus? status
---@return halua.Error? err
function halua.file.stat(path) end

---Says how much room the file system has that a path lies in. Fails with kind `denied`.
---
---Only in checks, hooks and tasks.
---```lua
---local room = assert(halua.file.free "/")
---if room.available < room.total / 20 then halua.log.warn "less than 5 % of the disk is free" end
---```
---@param path string Any path in the file system.
---@return halua.FileRoom? room
---@return halua.Error? err
function halua.file.free(path) end

---Watches a file, which need not exist yet: it is told when it is made, written, replaced by renaming, or
---removed. Give the watch to `wake_on` of a check, or wait for it. While its directory does not exist, the watch
---waits for that to be made. Fails with kind `denied` when the plugin has too many handles or the system too
---many watches.
---
---Anywhere.
---```lua
---local switch <close> = assert(halua.file.watch "/run/maintenance")
---local change, err = switch:wait "5ms"
---assert(change or err.kind == "timeout")
---```
---@param path string The whole path.
---@return halua.FileWatch? watch
---@return halua.Error? err
function halua.file.watch(path) end

---Waits for the next change, and returns at once when there was one since the last call. However much happens in
---between, it is told as the one change that it comes to. One task waits at a time. Fails with kind `timeout`,
---and with kind `closed` when the watch is closed.
---
---Only in checks, hooks and tasks. Waits.
---@async
---@param timeout? halua.Duration How long to wait. (default none)
---@return "created"|"changed"|"removed"|nil change
---@return string|halua.Error|nil detail A sentence when there is more to say, such as that the directory has gone; or the error.
function FileWatch:wait(timeout) end

---Ends the watch.
---
---Anywhere.
function FileWatch:close() end

---What is known of a process.
---@class halua.Process
---@field pid integer Its number.
---@field parent integer The number of its parent; 0 when it is outside of this host's view.
---@field name string Its name as the kernel has it.
---@field state string `running`, `sleeping`, `waiting` (for a disk), `stopped`, `traced` or `zombie`.
---@field started integer When it started, in ticks since the boot: tells two processes of the same number apart.
local Process = {}

---A process with what its owner can see.
---@class halua.ProcessStatus: halua.Process
---@field arguments string[] The command line, word by word.
---@field cwd string? The directory it works in, when halua may see it.
local ProcessStatus = {}

---A watch on processes. Can be bound with `<close>`.
---@class halua.Watch
local Watch = {}

---Processes are described by exactly one of `name`, `cmdline`, `exe` and `pidfile`.
---@class halua.process
halua.process = {}

---@class halua.process.find.Options
---@field name? string The name as the kernel has it (at most 15 octets).
---@field cmdline? string|string[] One whole argument of the command line, or a list of which the process must have one.
---@field exe? string The path of the program.
---@field pidfile? string The path of a file that holds the number of the process.

---Finds the processes that fit.
---
---Only in checks, hooks and tasks.
---```lua
---local found = halua.process.find { name = "mysqld" }
---return #found > 0, "mysqld does not run"
---```
---@param options? halua.process.find.Options
---@return halua.Process[] processes Empty when none fits.
function halua.process.find(options) end

---Looks at one process.
---
---Only in checks, hooks and tasks.
---@param pid integer Its number.
---@return halua.ProcessStatus? process nil when there is no such process.
function halua.process.status(pid) end

---Watches the processes that fit. The kernel tells of their end at once: give the watch to `wake_on` of a check,
---and the check runs in the same moment. Fails with kind `denied` when the plugin holds too many handles.
---
---Anywhere.
---```lua
---local java = halua.process.watch { cmdline = "io.mycat.MycatStartup" }
---halua.check {
---  name = "process", interval = "5s", wake_on = java,
---  run = function() return #java:pids() > 0, "no process runs Mycat" end,
---}
---```
---@param options? halua.process.find.Options
---@return halua.Watch? watch
---@return halua.Error? err
function halua.process.watch(options) end

---Lists the processes that live; those that have ended and were not collected (zombies) are left out.
---
---Only in checks, hooks and tasks.
---@return integer[] pids
function Watch:pids() end

---Ends the watch.
---
---Anywhere.
function Watch:close() end

---How a program ended, and what it printed.
---@class halua.ExecResult
---@field code integer? Its exit code; nil when a signal ended it.
---@field signal integer? The number of the signal that ended it.
---@field stdout string What it printed.
---@field stderr string What it complained about.
---@field truncated boolean It printed more than was kept.
local ExecResult = {}

---@class halua.exec.Options
---@field [integer] string|number The program, a whole path or a name to find in PATH, and its arguments.
---@field timeout? halua.Duration How long it may take. (default "30s")
---@field input? string What it reads, at most 4 MiB. (default none)
---@field user? string Whom it runs as, by name or number. Another than halua's own needs halua to run as root. (default script_user unless that is root, else keepalived_script or nobody)
---@field group? string Its only group. (default the user's)
---@field env? table<string, string|number> Variables to add to its environment. (default none)
---@field cwd? string The directory it runs in, a whole path. (default "/")
---@field max_output? integer The octets that are kept of each output, at most 4 MiB. The rest is read and thrown away. (default 65536)

---Runs a program and waits for its end. What it left behind in the background is not waited for, even when that
---holds its outputs open. An exit code other than 0 is a result, not an error. Fails with kind `denied` when the
---program cannot be started, with the reason: it does not exist, it may not be executed, it or a directory above
---it may be changed by somebody other than root and the user it runs as, there is no such user, or 16 commands
---of the plugin run already. Fails with kind `timeout` when it takes too long; then a third result is a table of
---what it had printed.
---
---Only in checks, hooks and tasks. Waits.
---```lua
---local result = assert(halua.exec { "echo", "hello", timeout = "5s" })
---assert(result.code == 0 and result.stdout == "hello\n")
---```
---@async
---@param options halua.exec.Options
---@return halua.ExecResult? result
---@return halua.Error? err
---@return halua.ExecResult? partial After a timeout: its outputs so far.
function halua.exec(options) end

---As RFC 4648 has it. At most 4 MiB at a time.
---@class halua.base64
halua.base64 = {}

---@class halua.base64.encode.Options
---@field url? boolean The alphabet for URLs and file names, without padding. (default false)

---Writes octets as text, without line ends.
---
---Anywhere.
---```lua
---assert(halua.base64.encode "halua" == "aGFsdWE=")
---```
---@param data string Any octets.
---@param options? halua.base64.encode.Options
---@return string text
function halua.base64.encode(data, options) end

---Reads text as octets. It is strict: line ends, spaces, missing padding (except with `{ url = true }`) and bits
---without a meaning fail with kind `protocol`.
---
---Anywhere.
---```lua
---assert(halua.base64.decode "aGFsdWE=" == "halua")
---```
---@param text string What `encode` made.
---@param options? halua.base64.encode.Options
---@return string? data
---@return halua.Error? err
function halua.base64.decode(text, options) end

---Digests are made by OpenSSL. Where it is missing, or its configuration forbids an algorithm, they fail with
---kind `denied`.
---@class halua.crypto
halua.crypto = {}

---@class halua.crypto.sha1.Options
---@field raw? boolean Octets instead of hexadecimal digits. (default false)

---Makes the sha1 digest of at most 4 MiB: 40 hexadecimal digits, or 20 octets with `{ raw = true }`.
---
---Anywhere.
---```lua
---assert(#halua.crypto.sha1 "halua" == 40)
---```
---@param data string What to digest.
---@param options? halua.crypto.sha1.Options
---@return string? digest
---@return halua.Error? err
function halua.crypto.sha1(data, options) end

---Makes the sha256 digest of at most 4 MiB: 64 hexadecimal digits, or 32 octets with `{ raw = true }`.
---
---Anywhere.
---```lua
---assert(#halua.crypto.sha256 "halua" == 64)
---```
---@param data string What to digest.
---@param options? halua.crypto.sha1.Options
---@return string? digest
---@return halua.Error? err
function halua.crypto.sha256(data, options) end

---Makes the message authentication code of RFC 2104, as hexadecimal digits.
---
---Anywhere.
---```lua
---assert(#halua.crypto.hmac("sha256", "secret", "message") == 64)
---```
---@param algorithm "sha1"|"sha256"|"sha512" The digest to use.
---@param key string The secret.
---@param data string The message.
---@param options? halua.crypto.sha1.Options
---@return string? code
---@return halua.Error? err
function halua.crypto.hmac(algorithm, key, data, options) end

---Asks the kernel for random octets, told as twice as many hexadecimal digits. Fails with kind `denied` while
---the machine has just started and the kernel has none.
---
---Anywhere.
---```lua
---local id = halua.crypto.random(16) assert(#id == 32)
---```
---@param count integer How many octets, at most 4096.
---@param options? halua.crypto.sha1.Options
---@return string? octets
---@return halua.Error? err
function halua.crypto.random(count, options) end

---Compares two strings in a time that does not tell where they differ: for codes and passwords.
---
---Anywhere.
---```lua
---assert(not halua.crypto.equal("secret", "guess"))
---```
---@param a string One.
---@param b string The other.
---@return boolean same
function halua.crypto.equal(a, b) end

---Reads and writes JSON (RFC 8259). Numbers stay what they are: integers of 64 bits come back as integers, and
---floats come back as exactly the same float. A document may have 200000 values, 4 MiB of text and be 100 levels
---deep.
---
---A table whose keys are 1, 2, 3, … is an array, any other one an object. An empty table is an object, `{}`,
---unless `json.array` made an array of it; arrays that `json.decode` made stay arrays, also when they become
---empty.
---
---`null` in an array is `json.null`, so that the positions stay. A member of an object that is `null` is absent,
---as a field that is nil is in Lua; with `nulls = true` it is `json.null` as well. Beware: `json.null` is no
---nil, and a condition takes it for true.
---@class halua.json
---@field null lightuserdata What `null` is where nil cannot stand.
halua.json = {}

---@class halua.json.encode.Options
---@field pretty? boolean Several lines, indented by two spaces. (default false)
---@field sort? boolean Members in the order of their names. (default false)

---Writes a value. Text that is not valid UTF-8, numbers that JSON lacks (infinity, not a number) and too much of
---it are errors of kind `protocol`, because they come from outside. Functions, tables that are neither an array
---nor an object, and tables that contain themselves are mistakes of the script and raise.
---
---Anywhere.
---```lua
---local text = halua.json.encode({ name = halua.hostname, tags = halua.json.array {} }, { sort = true })
---```
---@param value any What to write.
---@param options? halua.json.encode.Options
---@return string? text
---@return halua.Error? err
function halua.json.encode(value, options) end

---@class halua.json.decode.Options
---@field nulls? boolean Keep members that are `null`, as `json.null`. (default false)

---Reads one document. What is no JSON is an error of kind `protocol` that says where: `line 3 column 7`. Two
---members with one name are an error, too, and so is an integer that needs more than 64 bits.
---
---Anywhere.
---```lua
---local status, err = halua.json.decode('{"leader": "node1", "peers": []}')
---return status ~= nil and status.leader ~= nil, tostring(err)
---```
---@param text string The document.
---@param options? halua.json.decode.Options
---@return any value
---@return halua.Error? err
function halua.json.decode(text, options) end

---Marks a table as an array, so that it is written as `[]` when it is empty; returns the same table.
---
---Anywhere.
---@param table? table Without it, a new table.
---@return table table
function halua.json.array(table) end

---Tells the time of a clock that only goes forward: for measuring spans.
---
---Anywhere.
---```lua
---local began = halua.now()
---halua.sleep "10ms"
---assert(halua.now() - began >= 0.01)
---```
---@return number seconds With a fraction; only differences mean something.
function halua.now() end

---Tells the time of day. It can be set, also backwards.
---
---Anywhere.
---@return number seconds Since 1970-01-01 00:00 UTC, with a fraction.
function halua.time() end

---A span of time as a number of seconds, for calculating with it; as options give it, for example.
---
---Anywhere.
---```lua
---local opt = halua.options { pause = "250ms" }
---local half = halua.seconds(opt.pause) / 2
---assert(half == 0.125)
---```
---@param duration halua.Duration A number, or a string with its unit.
---@return number seconds The same span.
function halua.seconds(duration) end

---Lines go to the daemon's log with the plugin's name. What is logged while the plugin is loaded is dropped. A
---log is no place for data: a plugin may write 200 lines at once and 20 a second afterwards, and what is left
---out is counted and said. halua drops lines rather than wait for a slow reader, and says how many.
---@class halua.log
halua.log = {}

---Logs something that only a developer wants to see.
---
---Anywhere.
---@param message any The message; longer than 4 KiB it is cut.
---@param fields? table<string, any> Values to log with it, by name: at most 32, each cut at 1 KiB.
function halua.log.debug(message, fields) end

---Logs something worth knowing.
---
---Anywhere.
---```lua
---halua.log.info("the cache is warm", { entries = 1200 })
---```
---@param message any The message; longer than 4 KiB it is cut.
---@param fields? table<string, any> Values to log with it, by name: at most 32, each cut at 1 KiB.
function halua.log.info(message, fields) end

---Logs something that is wrong and that the plugin copes with.
---
---Anywhere.
---@param message any The message; longer than 4 KiB it is cut.
---@param fields? table<string, any> Values to log with it, by name: at most 32, each cut at 1 KiB.
function halua.log.warn(message, fields) end

---Logs something that somebody must look at.
---
---Anywhere.
---@param message any The message; longer than 4 KiB it is cut.
---@param fields? table<string, any> Values to log with it, by name: at most 32, each cut at 1 KiB.
function halua.log.error(message, fields) end

---A counter, gauge or histogram.
---@class halua.Metric
local Metric = {}

---`halua metrics` prints them for Prometheus, with `halua_plugin_` before the name and the plugin as a label.
---Changes cost next to nothing: they are told to the daemon at most once a second. A metric goes by its name:
---asking for it again gives the same one. Counters and histograms go on after a reload. A plugin may have 100
---metrics, each with 100 combinations of its labels; more of them are left out, which is logged once.
---@class halua.metrics
halua.metrics = {}

---@class halua.metrics.counter.Options
---@field labels? string|string[] The names of its labels. (default none)

---A number that only grows.
---
---Anywhere.
---```lua
---halua.metrics.counter("retries", "Retries so far."):inc()
---```
---@param name string Small letters, digits and `_`, at most 64.
---@param help? string What it means, for people.
---@param options? halua.metrics.counter.Options
---@return halua.Metric metric
function halua.metrics.counter(name, help, options) end

---@class halua.metrics.gauge.Options
---@field labels? string|string[] The names of its labels. (default none)

---A number that goes up and down.
---
---Anywhere.
---```lua
---local backends = halua.metrics.gauge("backends", "Backends by state.", { labels = "state" })
---backends:set(3, { state = "up" })
---```
---@param name string Small letters, digits and `_`, at most 64.
---@param help? string What it means, for people.
---@param options? halua.metrics.gauge.Options
---@return halua.Metric metric
function halua.metrics.gauge(name, help, options) end

---@class halua.metrics.histogram.Options
---@field labels? string|string[] The names of its labels. (default none)
---@field buckets? number[] The upper bounds of the ranges, growing, at most 32. (default 0.001 to 10)

---How many observations fell into each of some ranges, and their sum.
---
---Anywhere.
---```lua
---halua.metrics.histogram("answer_seconds", "Time to the answer."):observe(0.25)
---```
---@param name string Small letters, digits and `_`, at most 64.
---@param help? string What it means, for people.
---@param options? halua.metrics.histogram.Options
---@return halua.Metric metric
function halua.metrics.histogram(name, help, options) end

---Adds one to a counter or a gauge.
---
---Only in checks, hooks and tasks.
---@param labels? table<string, string|number> A value for each of its labels; left out when it has none.
function Metric:inc(labels) end

---Adds to a counter (not less than 0) or to a gauge.
---
---Only in checks, hooks and tasks.
---@param value number The number.
---@param labels? table<string, string|number> A value for each of its labels; left out when it has none.
function Metric:add(value, labels) end

---Sets a gauge.
---
---Only in checks, hooks and tasks.
---@param value number The number.
---@param labels? table<string, string|number> A value for each of its labels; left out when it has none.
function Metric:set(value, labels) end

---Adds an observation to a histogram.
---
---Only in checks, hooks and tasks.
---@param value number The number.
---@param labels? table<string, string|number> A value for each of its labels; left out when it has none.
function Metric:observe(value, labels) end

return halua
