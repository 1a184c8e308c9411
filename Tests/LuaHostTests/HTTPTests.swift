/// halua.http against servers on loopback: what is sent, what comes back, and what goes wrong.
import Glibc
import LuaHost
import Testing

@Suite struct HTTPTests {
    let bench = ScriptBench()

    /// Says what it was asked, in lines.
    private static let echo = HTTPServer { request, client in
        let lines = request.head.filter { !$0.hasPrefix("Host:") }.sorted { a, _ in a.hasSuffix("HTTP/1.1") }
        client.answer(lines.joined(separator: "\n") + "\n" + String(decoding: request.body, as: UTF8.self))
    }

    private func url(_ server: HTTPServer, _ path: String = "/", host: String = "127.0.0.1") -> String {
        "'http://\(host):\(server.port)\(path)'"
    }

    @Test("an answer has its status, headers, body, URL and time")
    func answer() throws {
        let server = HTTPServer { _, client in
            client.answer(
                "{\"a\":[1,2.5]}", status: "418 Teapot",
                headers: "X-One: a\r\nx-one:  b \r\nSet-Cookie: c=1\r\nSet-Cookie: d=2, e\r\nEmpty:\r\n")
        }
        let body = """
            local res = assert(halua.http.get(\(url(server, "/x?y=1"))))
            assert(res.status == 418 and res.url == \(url(server, "/x?y=1")), res.url)
            assert(res.headers['x-one'] == 'a, b' and res.headers['set-cookie'] == 'c=1\\nd=2, e')
            assert(res.headers.empty == '' and res.headers['content-length'] == '13')
            assert(math.type(res.time) == 'float' and res.time > 0 and res.time < 5)
            local value = assert(res:json())
            return value.a[1] == 1 and value.a[2] == 2.5 and res.body == '{"a":[1,2.5]}'
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test(
        "a request is sent as it was asked for",
        arguments: [
            ("http.get(URL)", "GET / HTTP/1.1\nAccept: */*\nUser-Agent: halua/VERSION\n"),
            (
                "http.get(URL, {headers={['X-A']='b', ['x-empty']='', n=5, ['user-agent']='me', accept='x/y'}})",
                "GET / HTTP/1.1\nX-A: b\naccept: x/y\nn: 5\nuser-agent: me\nx-empty:\n"
            ),
            (
                "http.post(URL, {json={1,{a='b'}}})",
                "POST / HTTP/1.1\nAccept: application/json\nContent-Length: 13\nContent-Type: application/json\n"
                    + "User-Agent: halua/VERSION\n[1,{\"a\":\"b\"}]"
            ),
            (
                "http.put(URL, {body='x\\0y', headers={['content-type']='text/plain'}})",
                "PUT / HTTP/1.1\nAccept: */*\nContent-Length: 3\nUser-Agent: halua/VERSION\ncontent-type: text/plain\nx.y"
            ),
            (
                "http.post(URL)",
                "POST / HTTP/1.1\nAccept: */*\nContent-Length: 0\nContent-Type: application/octet-stream\nUser-Agent: halua/VERSION\n"
            ),
            ("http.request{url=URL, method='DELETE'}", "DELETE / HTTP/1.1\nAccept: */*\nUser-Agent: halua/VERSION\n"),
            (
                "http.get(URL, {user='u', password='p:q'})",
                "GET / HTTP/1.1\nAccept: */*\nAuthorization: Basic dTpwOnE=\nUser-Agent: halua/VERSION\n"
            ),
        ])
    func requests(_ call: String, _ wanted: String) throws {
        let call = call.replacing("URL", with: url(Self.echo))
        let body = """
            local res = assert(halua.\(call))
            local first, tail = res.body:match('^(.-)\\n(.*)$')
            local head, content = {}, tail
            while true do
              local line, more = content:match('^([%w%-]+:[^\\n]*)\\n(.*)$')
              if not line then break end
              head[#head + 1] = line
              content = more
            end
            table.sort(head)
            return false, first .. '\\n' .. table.concat(head, '\\n') .. '\\n' .. content
            """
        let text = wanted.replacing("VERSION", with: "0.1.0")
        guard case .failed(let got) = try bench.check(body) else {
            Issue.record("no answer")
            return
        }
        #expect(got == text)
    }

    @Test("a chunked answer, and one that ends with the connection, arrive whole")
    func framings() throws {
        let server = HTTPServer { request, client in
            if request.path == "/chunked" {
                client.send(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
            } else {
                client.send("HTTP/1.0 200 OK\r\n\r\nhello world")
                client.shutDown()
            }
        }
        let body = """
            local a = assert(halua.http.get(\(url(server, "/chunked"))))
            local b = assert(halua.http.get(\(url(server))))
            return a.body == 'hello world' and b.body == 'hello world', a.body .. b.body
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test("a redirect is an answer, unless it is to be followed; secrets stay with the first server")
    func redirects() throws {
        let other = HTTPServer { request, client in
            client.answer(
                "\(request.method) \(request.header("authorization") ?? "none") \(request.header("cookie") ?? "none")")
        }
        let target = "http://127.0.0.1:\(other.port)/there"
        let server = HTTPServer { request, client in
            switch request.path {
            case "/same": client.answer("", status: "302 Found", headers: "Location: /end\r\n")
            case "/end": client.answer("\(request.method) \(request.header("authorization") ?? "none")")
            case "/loop": client.answer("", status: "307 Again", headers: "Location: /loop\r\n")
            case "/file": client.answer("", status: "302 Found", headers: "Location: file:///etc/passwd\r\n")
            default: client.answer("", status: "302 Found", headers: "Location: \(target)\r\n")
            }
        }
        let body = """
            local http = halua.http
            local options = {user='u', password='p', headers={cookie='c=1'}, follow=3}
            local res = assert(http.get(\(url(server, "/other"))))
            assert(res.status == 302 and res.headers.location == '\(target)')
            res = assert(http.post(\(url(server, "/other")), options))
            assert(res.body == 'GET none none' and res.url == '\(target)', res.body)
            res = assert(http.get(\(url(server, "/same")), options))
            assert(res.body == 'GET Basic dTpw', res.body)
            res = assert(http.get(\(url(server, "/loop")), {follow=3}))
            assert(res.status == 307)
            local none, err = http.get(\(url(server, "/file")), {follow=3})
            return none == nil and err.kind == 'protocol', tostring(err)
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test("every way in which a server can fail has its kind and its words")
    func failures() throws {
        let server = HTTPServer { request, client in
            switch request.path {
            case "/headers":
                client.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n")
                client.hang()
            case "/head-only":
                client.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
                client.hang()
            case "/body":
                client.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
                client.hang()
            case "/silent": client.hang()
            case "/garbage": client.send("\u{1}\u{2}\u{3} no such thing\r\n\r\n")
            case "/short": client.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
            case "/endless":
                client.send("HTTP/1.1 200 OK\r\n\r\n")
                while client.send([UInt8](repeating: 0x78, count: 65_536)) {}
            case "/head":
                client.send("HTTP/1.1 200 OK\r\n")
                while client.send(Array("X-Y: \(String(repeating: "z", count: 1_000))\r\n".utf8)) {}
            case "/drip":
                client.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
                while client.send([0x78]) { usleep(2_000) }
            default: break
            }
            client.shutDown()
        }
        var gone: HTTPServer? = HTTPServer { _, _ in }
        let freePort = gone?.port ?? 0
        gone = nil
        let cases: [(String, String, String)] = [
            ("/headers", "timeout", "timed out after 100 ms after 0 octets of the body"),
            ("/head-only", "timeout", "timed out after 100 ms after 0 octets of the body"),
            ("/body", "timeout", "timed out after 100 ms after 3 octets of the body"),
            ("/silent", "timeout", "timed out after 100 ms while waiting for the answer"),
            ("/drip", "timeout", "timed out after 100 ms after "),
            ("/garbage", "protocol", "Received HTTP/0.9 when not allowed"),
            ("/short", "closed", "the connection was closed after 3 octets of the body"),
            ("/nothing", "closed", "the connection was closed without an answer"),
            ("/endless", "protocol", "the answer is longer than 1000000 octets"),
            ("/head", "protocol", ""),
        ]
        for (path, kind, words) in cases {
            let timeout = kind == "timeout" ? "100ms" : "5s"
            let result = try bench.check(
                "local res, err = halua.http.get(\(url(server, path)), {timeout='\(timeout)', max_bytes=1000000})\n"
                    + "return res, err.kind .. ': ' .. err.message")
            guard case .failed(let text) = result else {
                Issue.record("\(path): \(String(describing: result))")
                continue
            }
            #expect(text.hasPrefix("\(kind): http.get http://127.0.0.1:\(server.port): \(words)"), "\(path)")
        }
        let refused = try bench.check("return halua.http.get('http://127.0.0.1:\(freePort)/secret')")
        #expect(refused == .failed("http.get http://127.0.0.1:\(freePort): connection refused (p.lua:2)"))
    }

    @Test("the deadline of the check ends a request, and nothing stays open")
    func deadline() throws {
        let server = HTTPServer { _, client in client.hang() }
        let result = try bench.check("halua.http.get(\(url(server)))", timeout: "100ms")
        #expect(result == .failed("timed out after 100 ms in http.get (p.lua:2)"))
        // The check would run again and again.
        #expect(try bench.check("return true") == .passed)
        #expect(bench.wait { _ in server.openCount == 0 ? true : nil } == true)
    }

    @Test("a socket in the file system serves as well")
    func unixSocket() throws {
        let path = bench.file("socket", "")
        unlink(path)
        let server = HTTPServer(path: path) { request, client in client.answer(request.header("host") ?? "") }
        let body = """
            local res = assert(halua.http.get('http://docker/info', {unix='\(path)'}))
            local none, err = halua.http.get('http://docker/', {unix='\(path)x'})
            assert(none == nil and err.kind == 'refused', tostring(err))
            return res.body == 'docker', res.body
            """
        #expect(try bench.check(body) == .passed)
        #expect(server.acceptCount >= 1)
    }

    @Test("addresses can be given, a proxy asked, and a way through an interface chosen")
    func ways() throws {
        let server = HTTPServer { request, client in client.answer("\(request.path) \(request.header("host") ?? "")") }
        let body = """
            local http, port = halua.http, \(server.port)
            local res = assert(http.get('http://db.example:' .. port .. '/a', {resolve={'127.0.0.1'}}))
            assert(res.body == '/a db.example:' .. port, res.body)
            res = assert(http.get('http://DB.example.:' .. port .. '/d', {resolve='127.0.0.1'}))
            assert(res.body:find('^/d '), res.body)
            res = assert(http.get('http://db.example/b', {proxy='http://127.0.0.1:' .. port}))
            assert(res.body == 'http://db.example/b db.example', res.body)
            res = assert(http.get('http://localhost:' .. port .. '/c', {source='127.0.0.9', interface='lo'}))
            assert(res.body == '/c localhost:' .. port, res.body)
            local none, err = http.get('http://127.0.0.1:' .. port, {source='192.0.2.1'})
            assert(none == nil, tostring(err))
            none, err = http.get('http://127.0.0.1:' .. port, {interface='nowhere0'})
            return none == nil and err.kind == 'denied', tostring(err)
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test("a fresh connection is made each time, unless reuse is asked for")
    func reuse() throws {
        let server = HTTPServer { _, client in client.answer("\(client.number)") }
        let body = """
            local function three(reuse)
              local seen, count = {}, 0
              for _ = 1, 3 do
                local number = assert(halua.http.get(\(url(server)), {reuse=reuse})).body
                if not seen[number] then seen[number], count = true, count + 1 end
              end
              return count
            end
            local fresh, kept = three(false), three(true)
            return fresh == 3 and kept == 1, fresh .. ' ' .. kept
            """
        #expect(try bench.check(body) == .passed)
    }

    @Test(
        "a wrong argument is a bug with its line",
        arguments: [
            ("http.get('ftp://x/')", "http.get: the URL must begin with http:// or https:// and be printable ASCII"),
            ("http.get('example.org')", "http.get: the URL must begin with"),
            ("http.get('http://a b/')", "http.get: the URL must begin with"),
            ("http.get()", "http.get: argument 1 must be a URL (a string), not nothing"),
            ("http.get('http://x/', {bdy='x'})", "http.get: there is no field \"bdy\" (did you mean \"body\"?)"),
            ("http.get('http://x/', {headers={['a b']='c'}})", "http.get: headers: \"a b\" is no name of a header"),
            ("http.get('http://x/', {headers={a='b\\r\\nc: d'}})", "http.get: headers: a has a control character"),
            (
                "http.post('http://x/', {headers={['Content-Length']='5'}})",
                "http.post: headers: Content-Length is told by"
            ),
            ("http.post('http://x/', {body='a', json={}})", "http.post: takes body or json, not both"),
            ("http.post('http://x/', {json=print})", "http.post: json: value: a function cannot be written as JSON"),
            ("http.request{method='GET'}", "http.request: field \"url\" is missing"),
            ("http.request{url='http://x/', method='G T'}", "http.request: \"G T\" is no method"),
            ("http.get('http://x/', {max_bytes=1e9})", "http.get: field \"max_bytes\" must be a whole number"),
        ])
    func wrongArguments(_ call: String, _ words: String) throws {
        guard case .broken(let text) = try bench.check("halua.\(call)") else {
            Issue.record("not broken")
            return
        }
        #expect(text.hasPrefix("p.lua:2: \(words)"))
    }

    @Test("a name server that never answers delays nobody else, and its check alone fails")
    func deadNameServer() throws {
        let silent = SilentUDP()
        let get = "halua.http.get('http://db.example/', {nameserver='127.0.0.1:\(silent.port)', timeout='300ms'})"
        let body = """
            local turns = 0
            local other = halua.spawn(function() while true do halua.sleep('5ms') turns = turns + 1 end end)
            local res, err = \(get)
            assert(res == nil and turns >= 10, turns)
            return err.kind == 'timeout', tostring(err)
            """
        #expect(try bench.check(body) == .passed)
        // Abandoned in the middle of the lookup: the next check gets its turn.
        #expect(try bench.check(get, timeout: "50ms") == .failed("timed out after 50 ms in http.get (p.lua:2)"))
        #expect(try bench.check("return true") == .passed)
    }

    @Test("ten thousand transfers, cancelled or timed out at every stage, leave nothing open")
    func leaksNothing() throws {
        let server = HTTPServer { request, client in
            switch request.path {
            case "/0": client.hang()
            case "/1":
                client.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
                client.hang()
            case "/2": client.send("\u{1}\r\n")
            default: client.answer("x")
            }
            client.shutDown()
        }
        let body = """
            local function one(i)
              return halua.http.post('http://127.0.0.1:\(server.port)/' .. i % 4, {json={i}, timeout='5ms'})
            end
            for round = 1, 25 do
              local tasks = {}
              for i = 1, 40 do tasks[i] = halua.spawn(one, i) end
              halua.sleep('2ms')
              for i = 1, 40, 3 do tasks[i]:cancel() end
              for i = 1, 40 do tasks[i]:join() end
            end
            return true
            """
        #expect(try bench.check(body, timeout: "60s") == .passed)
        let (memory, descriptors) = (Memory.resident, Memory.descriptors)
        for _ in 0..<9 { #expect(try bench.check(body, timeout: "60s") == .passed) }
        // The check would run again and again.
        #expect(try bench.check("return true") == .passed)
        #expect(bench.wait { _ in server.openCount == 0 ? true : nil } == true)
        // Other tests run beside this one; ten thousand leaks would be far more.
        #expect(Memory.descriptors - descriptors < 300)
        #expect(Memory.resident - memory < 100 << 20)
    }
}
