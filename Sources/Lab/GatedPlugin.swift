/// A plugin whose promotion gate does what a file says, so that a test can let it deny, hang, answer late, or die.
import Glibc

/// What the gate of `LabHost.startGated` does, also in the middle of a run.
package enum GateConduct: String, Sendable {
    case allow, deny
    /// It waits for longer than any timeout.
    case hang
    /// It keeps the script thread busy beyond its timeout, where nothing can interrupt it, and then allows it.
    case late
    /// It allows it for a second and a half, once.
    case lease
    /// It takes the lab's lock, and renews it and the lease of two seconds while the node is master.
    case lock
    /// The loop that renews the lease has a bug.
    case bug
    /// The script thread computes for many seconds where nothing can interrupt it.
    case stuck
}

extension LabHost {
    private static let plugin = """
        local halua = require "halua"
        local opt = halua.options {
          conduct = halua.required "string", node = halua.required "string", lock = "192.168.4.30", port = 7700,
          timeout = "300ms", on_timeout = "deny",
        }

        local function conduct() return assert(halua.file.read(opt.conduct)):match "%S+" end

        --- Keeps the thread busy where Lua cannot be preempted.
        local function busy(seconds)
          local till = halua.now() + seconds
          table.sort({ 2, 1 }, function(a, b)
            while halua.now() < till do end
            return a < b
          end)
        end

        local function lock()
          local service <close> = assert(halua.tcp.connect { host = opt.lock, port = opt.port, timeout = "250ms" })
          assert(service:send(opt.node .. " 3000\\n"))
          return assert(service:receive("*l", "250ms"))
        end

        local act = {
          allow = function() return true end,
          deny = function() return false, "the test says no" end,
          hang = function() halua.sleep(60) return true end,
          late = function()
            busy(0.15)
            halua.log.info "it answers yes, too late"
            return true
          end,
          lease = function() return true, { lease = "1500ms" } end,
          lock = function()
            local answer = lock()
            if answer ~= "yes" then return false, "the lock is " .. answer end
            return true, { lease = "2s" }
          end,
          bug = function() return false, "this node has a bug" end,
          stuck = function() return false, "this node was stuck" end,
        }

        halua.gate.promote {
          name = "vip", timeout = opt.timeout, on_timeout = opt.on_timeout,
          run = function() return act[conduct()]() end,
        }

        halua.during.master(function(vi)
          while true do
            local what = conduct()
            if what == "bug" then
              local nothing
              nothing.works()
            elseif what == "stuck" then
              for _ = 1, 80 do halua.spawn(function() busy(0.15) end) end
            elseif what == "lock" and lock() == "yes" then
              vi:extend("vip", "2s")
            end
            halua.sleep "400ms"
          end
        end)
        """

    private var conductPath: String { "\(folder)/conduct" }

    /// Changes what the gate does; a run that has begun goes on as it began.
    package func write(_ conduct: GateConduct) throws(LabError) {
        // Renamed into its place, so that no script reads half of it.
        try writeFile(conductPath + ".new", conduct.rawValue)
        rename(conductPath + ".new", conductPath)
    }

    /// Starts haluad with `instance` and a gate of this conduct. `options`: further lines for the plugin.
    package func startGated(
        _ conduct: GateConduct, _ instance: InstanceText, options: [String] = []
    ) throws(LabError) -> LabProcess {
        try makeFolder("\(folder)/plugins")
        try write(file: "plugins/gated.lua", Self.plugin)
        try write(conduct)
        var gated = instance
        gated.lines.append("promotion_gate gated.vip")
        let lines = ["conduct \(conductPath)", "node \(name)"] + options
        let definitions =
            "global_defs {\n    lua_path \(folder)/plugins\n    lua_stall_timeout 60\n}\n\n"
            + "lua_plugin gated {\n" + lines.map { "    \($0)\n" }.joined() + "}\n\n"
        return try start(.halua, configuration: definitions + gated.text)
    }
}
