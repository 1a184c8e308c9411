/// The world that a test describes: connections, processes, files, time, and the other routers.
import PluginTesting
import Testing

@Suite struct WorldTests {
    private func expectPass(_ body: String, plugin: String = Play.plugin, _ location: SourceLocation = #_sourceLocation)
    {
        let play = Play.one(body, plugin: plugin)
        #expect(
            play.sum.passed == 1, "\(play.failure() ?? "") \(play.refusals)\n\(play.timeline())",
            sourceLocation: location)
    }

    @Test("refused, unreachable, hung, slow and closing servers are told apart") func connections() {
        expectPass(
            """
            local node = t.node { conf = conf, state = "MASTER" }
            node.net:unreachable("127.0.0.1:80")
            t.advance("1s")
            t.contains(node:check("sample.port").reason, "no route to the host")
            node.net:hang("127.0.0.1:80")
            t.advance("2s")
            t.contains(node:check("sample.port").reason, "timed out after 500 ms in tcp.connect (sample.lua:6)")
            node.net:accept("127.0.0.1:80", { after = "400ms" })
            t.advance("2s")
            t.is_true(node:check("sample.port").passed)
            t.equal(node:check("sample.port").took, 0.4)
            node.net:accept("127.0.0.1:80", { after = "600ms" })
            t.advance("2s")
            t.is_true(not node:check("sample.port").passed)
            """)
    }

    @Test("a server is a list of steps or a function that talks, octet by octet through the real connection")
    func servers() {
        expectPass(
            """
            local node = t.node { conf = conf }
            local seen
            node.net:serve("127.0.0.1:80", function(client)
              seen = client:receive("*l")
              client:send("220 re")
              halua.sleep("300ms")
              client:send("ady\\r\\n")
            end)
            t.advance("1s")
            t.equal(seen, "HELO")
            t.equal(node:check("sample.port").reason, "220 ready")
            node.net:serve("127.0.0.1:80", { function(c) c:receive("*l") end, "half", 0.1, t.CLOSE })
            t.advance("1s")
            t.equal(node:check("sample.port").reason, "closed half")
            """,
            plugin: """
                halua.options{port=1}
                halua.check{name='port', interval='1s', run=function()
                  local c <close> = assert(halua.tcp.connect{host='127.0.0.1', port=80})
                  c:send("HELO\\n")
                  local line, err, part = c:receive("*l")
                  return false, line or err.kind .. " " .. part
                end}
                """)
    }

    @Test("processes start, stop, freeze and die, and a watch sees it at once; files are what was written")
    func processesAndFiles() {
        expectPass(
            """
            local node = t.node { conf = conf }
            t.advance("1s")
            t.equal(node:check("sample.port").reason, "none -")
            local process = node:process { name = "demo", cmdline = { "/usr/bin/demo", "x" }, pid = 77 }
            node:write_file("/run/demo", "hello")
            t.advance("10ms")
            t.equal(node:check("sample.port").reason, "77 sleeping x hello")
            process:freeze()
            t.advance("1s")
            t.equal(node:check("sample.port").reason, "77 stopped x hello")
            process:stop()
            node:remove_file("/run/demo")
            t.advance(0)
            t.equal(node:check("sample.port").reason, "none -")
            """,
            plugin: """
                halua.options{port=1}
                local watch = halua.process.watch{name='demo'}
                halua.check{name='port', interval='1s', wake_on=watch, run=function()
                  local pid = watch:pids()[1]
                  local text = halua.file.read('/run/demo') or '-'
                  if not pid then return false, 'none ' .. text end
                  local status = halua.process.status(pid)
                  return false, ('%d %s %s %s'):format(pid, status.state, status.arguments[2], text)
                end}
                """)
    }

    @Test("adverts of others count, silence too; a cut cable is a fault") func peers() {
        expectPass(
            """
            local node = t.node { conf = conf, state = "BACKUP" }
            node.net:accept("127.0.0.1:80")
            t.advance("10s")
            t.equal(node:instance().state, "BACKUP")
            node:cut_off()
            t.advance("4s")
            t.equal(node:instance().state, "MASTER")
            t.equal(node:hear_advert { priority = 200, from = "192.0.2.99" }, "accepted")
            t.equal(node:instance().state, "BACKUP")
            t.equal(node:instance().master, "192.0.2.99")
            node:link(false)
            t.advance("1s")
            t.equal(node:instance().state, "FAULT")
            t.equal(#node:adverts(), 1)
            t.equal(node:states(), { "BACKUP", "MASTER", "BACKUP", "FAULT" })
            """)
    }

    @Test("two nodes on one wire: the VIP moves, and comes back when the check heals") func twoNodes() {
        expectPass(
            """
            local a = t.node { conf = conf, state = "MASTER", name = "a" }
            a.net:accept("127.0.0.1:80")
            local b = t.node { conf = conf:gsub("priority 100", "priority 90"), state = "BACKUP", name = "b" }
            a.net:refuse("127.0.0.1:80")
            b.net:accept("127.0.0.1:80")
            t.wait_for(function() return b:instance().holds_vips end, "10s")
            t.equal(a:instance().holds_vips, false)
            a.net:accept("127.0.0.1:80")
            t.wait_for(function() return a:instance().holds_vips end, "20s")
            t.equal(b:instance().state, "BACKUP")
            a:kill()
            t.equal(a:instance().state, "DOWN")
            t.wait_for(function() return b:instance().state == "MASTER" end, "10s")
            a:start()
            t.wait_for(function() return a:instance().state == "MASTER" end, "20s")
            a:stop()
            t.advance("1s")
            t.equal(b:instance().state, "MASTER")
            """)
    }

    @Test("a reload keeps the state; a refused one changes nothing") func reload() {
        expectPass(
            """
            local node = t.node { conf = conf, state = "MASTER" }
            node.net:accept("127.0.0.1:80")
            t.advance("5s")
            node:reload(conf:gsub("priority 100", "priority 120"))
            t.advance("5s")
            t.equal(node:instance().state, "MASTER")
            t.equal(node:instance().priority, 120)
            t.raises(function() node:reload("lua_plugin nowhere {\\n}") end, "there is no plugin")
            t.equal(node:states(), { "BACKUP", "MASTER" })
            """)
    }

    @Test("the time of day is the test's, and the monotonic clock does not care") func wallClock() {
        expectPass(
            """
            local node = t.node { conf = conf }
            t.set_time(1000)
            t.advance("10s")
            t.match(node:check("sample.port").reason, "^10%d%d%.")
            t.equal(t.now(), 10.0)
            """,
            plugin: """
                halua.options{port=1}
                halua.check{name='port', interval='1s', run=function() return false, tostring(halua.time()) end}
                """)
    }

    @Test("a gate of a plugin is asked at master down, denies, allows, and its lease ends mastership") func gates() {
        expectPass(
            """
            local node = t.node { conf = conf:gsub("track_lua.*", "promotion_gate sample.lock\\n}"), state = "BACKUP" }
            node:write_file("/lock", "no")
            node:cut_off()
            t.advance("10s")
            t.equal(node:instance().state, "BACKUP")
            t.equal(node:gate("sample.lock").state, "denied")
            t.equal(node:gate("sample.lock").reason, "the file says no")
            node:write_file("/lock", "yes")
            t.wait_for(function() return node:instance().state == "MASTER" end, "10s")
            t.truthy(node:gate("sample.lock").lease <= 5)
            t.advance("6s")
            t.equal(node:instance().state, "BACKUP")
            t.contains(node:states(), "MASTER")
            """,
            plugin: """
                halua.options{port=1}
                halua.gate.promote{name='lock', run=function()
                  local word = assert(halua.file.read('/lock'))
                  if word ~= 'yes' then return false, 'the file says ' .. word end
                  return true, { lease = 5 }
                end}
                """)
    }

    @Test("names and programs are what the test says, with the mistakes of the plugin's arguments") func questions() {
        expectPass(
            """
            local node = t.node { conf = conf }
            node.net:dns("db.example.org", { "192.0.2.7" })
            node.net:exec("systemctl", function(arguments)
              halua.sleep("100ms")
              return { code = arguments[2] == "is-active" and 3 or 0, stdout = "inactive\\n" }
            end)
            t.advance("1s")
            t.equal(node:check("sample.port").reason, "192.0.2.7 127.0.0.1 3 inactive")
            node.net:dns("db.example.org", nil)
            t.advance("1s")
            t.match(node:check("sample.port").reason, "db.example.org: there is no such name %(sample.lua:3%)")
            node.net:dns("db.example.org", function() halua.sleep(60) end)
            t.advance("1s")
            t.match(node:check("sample.port").reason, "dns.resolve db.example.org: timed out after 300 ms")
            """,
            plugin: """
                halua.options{port=1}
                halua.check{name='port', interval='1s', run=function()
                  local addresses = assert(halua.dns.resolve('db.example.org', {timeout='300ms'}))
                  local own = assert(halua.dns.resolve('localhost', {type='A'}))
                  local result = assert(halua.exec{'systemctl', 'is-active', 'mycat'})
                  return false, ('%s %s %d %s'):format(addresses[1], own[1], result.code, result.stdout:match('%a+'))
                end}
                """)
        let play = Play.one(
            "local n = t.node { conf = conf } t.advance(1) t.contains(n:check('sample.port').reason, 'no field \"tiemout\"')",
            plugin: "halua.options{port=1} halua.check{name='port', run=function() halua.exec{'x', tiemout=1} end}")
        #expect(play.failure() == nil)
        let unknown = Play.one(
            "t.node { conf = conf } t.advance(1)",
            plugin: "halua.options{port=1} halua.check{name='port', run=function() halua.exec{'x', 'y'} end}")
        #expect(
            unknown.failure()
                == "the test's world knows nothing of exec({ \"x\", \"y\" }): say node.net:exec({ \"x\", \"y\" }, { code = 0 })"
        )
    }

    @Test("web servers answer by method and address, with JSON both ways, late or not at all") func http() {
        expectPass(
            """
            local node = t.node { conf = conf }
            local posted
            node.net:http("GET http://127.0.0.1:8500/v1/lock", { json = { holder = "b" } })
            node.net:http("POST http://127.0.0.1:8500/*", function(request)
              posted = request.json
              return { status = 201, body = "taken" }
            end)
            t.advance("1s")
            t.equal(node:check("sample.port").reason, "b 201 taken")
            t.equal(posted, { name = "node1" })
            node.net:http("http://127.0.0.1:8500/v1/lock", t.error("refused", "connection refused"))
            t.advance("1s")
            t.match(node:check("sample.port").reason, "^connection refused %(sample.lua:3%)")
            node.net:http("http://127.0.0.1:8500/v1/lock", function() halua.sleep(60) end)
            t.advance("1s")
            t.match(node:check("sample.port").reason, "http.get: timed out after 400 ms")
            """,
            plugin: """
                halua.options{port=1}
                halua.check{name='port', interval='1s', run=function()
                  local got = assert(halua.http.get('http://127.0.0.1:8500/v1/lock', {timeout='400ms'}))
                  local said = assert(halua.http.post('http://127.0.0.1:8500/x', {json={name='node1'}}))
                  return false, ('%s %d %s'):format(got:json().holder, said.status, said.body)
                end}
                """)
    }

    @Test("mail servers take mails, refuse them, and hang; who is not described is a complaint") func mail() {
        let plugin = """
            halua.options{port=1}
            halua.check{name='port', interval='1s', run=function()
              local sent, err = halua.mail.send {
                server='mail.example.org', from='a@example.org', to={'b@example.org'}, subject='s', timeout='400ms',
              }
              return false, ('%s %s %s'):format(sent, err, err and err.code)
            end}
            """
        expectPass(
            """
            local node = t.node { conf = conf }
            local taken = node.net:mail("mail.example.org:25")
            t.advance("1s")
            t.equal(node:check("sample.port").reason, "true nil nil")
            t.equal(taken[1].to, { "b@example.org" })
            t.equal(taken[1].subject, "s")
            node.net:mail("mail.example.org:25", t.error("denied", "550 no", 550))
            t.advance("1s")
            t.match(node:check("sample.port").reason, "^nil 550 no %(sample.lua:%d+%) 550")
            node.net:mail("mail.example.org:25", function() return true, t.error("denied", "550 not b", 550) end)
            t.advance("1s")
            t.match(node:check("sample.port").reason, "^true 550 not b .*550")
            node.net:mail("mail.example.org:25", function() halua.sleep(60) end)
            t.advance("1s")
            t.match(node:check("sample.port").reason, "mail.send mail.example.org:25: timed out after 400 ms")
            """, plugin: plugin)
        let failure = Play.one("t.node { conf = conf } t.advance('1s')", plugin: plugin).failure()
        #expect(failure?.contains("node.net:mail(\"mail.example.org:25\")") == true, "\(failure ?? "it passed")")
    }

    @Test("hooks of every kind hear their news: checks, peers, reloads, the end; the store outlives a reload")
    func hooks() {
        expectPass(
            """
            local node = t.node { conf = conf, state = "MASTER" }
            node.net:refuse("127.0.0.1:80")
            t.advance("4s")
            t.contains(node:log(), "check port false")
            node.net:accept("127.0.0.1:80")
            t.advance("10s")
            node:hear_advert { priority = 200, from = "192.0.2.99" }
            t.advance("1s")
            t.contains(node:log(), "peer heard 192.0.2.99")
            node:reload()
            t.advance("1s")
            t.contains(node:log(), "reload after 1")
            node:stop()
            t.contains(node:log(), "shutdown")
            """,
            plugin: Play.plugin + """

                halua.on.check("port", function(ev) halua.log.info(("check %s %s"):format(ev.check, ev.ok)) end)
                halua.on.peer(function(ev) halua.log.info(("peer %s %s"):format(ev.phase, ev.peer)) end)
                halua.on.reload(function() halua.log.info("reload after " .. halua.store.count) end)
                halua.on.shutdown(function() halua.log.info("shutdown") end)
                halua.every("1s", function() halua.store.count = halua.store.count or 1 end)
                """)
    }

    @Test("datagrams are answered, ignored, or refused one call later; who is not described is a complaint")
    func datagrams() {
        expectPass(
            """
            local node = t.node { conf = conf }
            local function reason()
              t.advance("1s")
              return node:check("sample.port").reason
            end
            local seen
            node.net:udp("127.0.0.1:53", function(datagram)
              seen = datagram
              return { "one", "two" }
            end)
            t.equal(reason(), "one two")
            t.equal(seen, "question")
            node.net:udp("127.0.0.1:53", function() end)
            t.match(reason(), "^receive from 127.0.0.1:53: timed out after 200 ms")
            node.net:udp("127.0.0.1:53", t.error("refused", "nobody listens on the port"))
            t.match(reason(), "^nobody listens on the port")
            """,
            plugin: """
                halua.options{port=1}
                halua.check{name='port', interval='1s', run=function()
                  local socket <close> = assert(halua.udp.socket{host='localhost', port=53})
                  assert(socket:send 'question')
                  local first = assert(socket:receive '200ms')
                  return false, first .. ' ' .. assert(socket:receive '200ms')
                end}
                """)
        let unknown = Play.one(
            "t.node { conf = conf } t.advance(1)",
            plugin: """
                halua.options{port=1}
                halua.check{name='port', run=function() halua.udp.socket{host='192.0.2.1', port=9}:send 'x' end}
                """)
        #expect(unknown.failure()?.contains("say node.net:udp(\"192.0.2.1:9\", function(datagram)") == true)
    }

    @Test("databases answer by statement, refuse, hang and vanish") func mysql() {
        expectPass(
            """
            local node = t.node { conf = conf }
            node.net:mysql("127.0.0.1:9066", { ["show @@heartbeat"] = { { NAME = "dn1", RS_CODE = 1 } } })
            t.advance("1s")
            t.equal(node:check("sample.port").reason, "dn1 1")
            node.net:mysql("127.0.0.1:9066", function(statement)
              halua.sleep("100ms")
              return nil, t.error("protocol", "no " .. statement)
            end)
            t.advance("2s")
            t.match(node:check("sample.port").reason, "^no show @@heartbeat %(sample.lua:4%)")
            node.net:mysql("127.0.0.1:9066", t.error("auth", "access denied"))
            t.advance("1s")
            t.match(node:check("sample.port").reason, "^access denied")
            node.net:refuse("127.0.0.1:9066")
            t.advance("1s")
            t.match(node:check("sample.port").reason, "connect to 127.0.0.1:9066: connection refused")
            node.net:accept("127.0.0.1:9066")
            t.advance("1s")
            t.match(node:check("sample.port").reason, "timed out after 500 ms")
            """,
            plugin: """
                halua.options{port=1}
                halua.check{name='port', interval='1s', run=function()
                  local db <close> = assert(halua.mysql.connect{user='u', port=9066, timeout='500ms'})
                  local rows = assert(db:query('show @@heartbeat'))
                  return false, ('%s %d'):format(rows[1].NAME, rows[1].RS_CODE)
                end}
                """)
    }

    @Test("nothing is left over: three thousand connections in one case are all closed") func leftovers() {
        expectPass(
            """
            local node = t.node { conf = conf:gsub("sample.port", "sample.port interval 1") }
            node.net:accept("127.0.0.1:80")
            t.advance("3000s")
            t.truthy(node:check("sample.port").runs >= 3000)
            t.equal(node.net:connections("127.0.0.1:80"), 0)
            """)
    }
}
