/// The text of a new plugin and of its test.

struct PluginSkeleton {
    var name: String

    var plugin: String {
        """
        --- \(name): say here in one sentence what it looks after.
        --
        -- halua.conf:
        --
        --   lua_plugin \(name) {
        --       host 127.0.0.1
        --       port 80
        --   }
        --   vrrp_instance VI_1 {
        --       ...
        --       track_lua {
        --           \(name).port
        --       }
        --   }

        local halua = require "halua"

        -- What the operator may set in the block above, with the defaults, which also decide about the types.
        local opt = halua.options {
          host = "127.0.0.1",
          port = 80,
        }

        -- Runs every two seconds, for a second at most. True means that all is well. False and a reason, or an error object
        -- of the API raised by assert, means that this run has failed. Three in a row put the node into FAULT, and it gives
        -- the address up; with a weight (weight = -20) they would only lower its priority.
        halua.check {
          name = "port",
          interval = "2s", timeout = "1s", fall = 3, rise = 2,
          run = function()
            -- This waits for the answer, and holds nothing up: other checks and hooks run meanwhile.
            local connection = assert(halua.tcp.connect { host = opt.host, port = opt.port })
            connection:close()
            return true
          end,
        }

        -- Called when this node has become master and holds the addresses. Nothing waits for it.
        halua.on.master(function(ev)
          halua.log.info("serving " .. table.concat(ev.vips, ", "), { instance = ev.instance.name, why = ev.sentence })
        end)

        """
    }

    var test: String {
        """
        --- Tests of \(name).lua. Run them with: halua test \(name)_test.lua
        --
        -- A test plays a node with the real core and the real script engine. Its clock stands still until the test
        -- advances it, and its network is what the test says.

        local t = require "halua.test"

        local conf = [[
        lua_plugin \(name) {
            port 80
        }
        vrrp_instance VI_1 {
            interface eth0
            virtual_router_id 51
            priority 100
            virtual_ipaddress {
                192.0.2.1/24
            }
            track_lua {
                \(name).port
            }
        }
        ]]

        t.case("a port that refuses three times in a row costs the address", function()
          local node = t.node { conf = conf, state = "MASTER" }
          node.net:refuse("127.0.0.1:80")
          t.advance("7s")
          t.equal(node:instance("VI_1").state, "FAULT")
          t.match(node:check("\(name).port").reason, "connection refused")
        end)

        t.case("a port that answers keeps it", function()
          local node = t.node { conf = conf, state = "MASTER" }
          node.net:accept("127.0.0.1:80")
          t.advance("30s")
          t.equal(node:instance("VI_1").state, "MASTER")
        end)

        """
    }
}
