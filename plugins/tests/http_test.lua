--- Tests of http.lua. Run them with: halua test plugins/tests/http_test.lua

local t = require "halua.test"

local URL = "http://127.0.0.1:8080/health"

local function conf(options)
  return [[
lua_plugin http as shop {
]] .. options .. [[

}
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    priority 100
    virtual_ipaddress {
        192.0.2.10/24
    }
    track_lua {
        shop.answer
    }
}
]]
end

local function master(options)
  return t.node { conf = conf("url " .. URL .. "\n" .. (options or "")), state = "MASTER" }
end

local function reason(node)
  t.advance("8s")
  t.equal(node:instance().state, "FAULT")
  return node:check("shop.answer").reason
end

t.case("a good page keeps the address", function()
  local node = master('expect "database: ok"')
  node.net:http(URL, { status = 200, body = "queue: ok\ndatabase: ok\n" })
  t.advance("60s")
  t.equal(node:instance().state, "MASTER")
end)

t.case("three wrong statuses cost the address, two do not, and two good ones bring it back", function()
  local node = master()
  node.net:http(URL, { status = 200 })
  t.advance("10s")
  node.net:http(URL, { status = 503 })
  t.advance("4s")
  t.equal(node:instance().state, "MASTER")
  t.equal(reason(node), URL .. " answers with status 503")
  node.net:http(URL, { status = 302 })
  t.advance("10s")
  t.equal(node:instance().state, "MASTER")
end)

t.case("the good statuses can be listed", function()
  local node = master("status 204 401-403")
  node.net:http(URL, { status = 401 })
  t.advance("10s")
  t.equal(node:instance().state, "MASTER")
  node.net:http(URL, { status = 200 })
  t.contains(reason(node), "status 200")
end)

t.case("a page without the expected text, or with the rejected one, is no good page", function()
  local node = master('expect ok\nreject "read only"')
  node.net:http(URL, { body = "fine" })
  t.equal(reason(node), URL .. ' answers 200, but the page lacks "ok"')
  node.net:http(URL, { body = "ok, but read only" })
  t.equal(reason(node), URL .. ' answers 200, but the page has "read only"')
end)

t.case("the ends of a range are good, and what is beyond is not", function()
  local node = master("status 200-204")
  node.net:http(URL, { status = 204 })
  t.advance("10s")
  t.equal(node:instance().state, "MASTER")
  node.net:http(URL, { status = 205 })
  t.contains(reason(node), "status 205")
end)

t.case("an answer that takes too long is a failure of its own", function()
  local node = master("slow 500ms")
  node.net:http(URL, function() halua.sleep "400ms" return { status = 200 } end)
  t.advance("10s")
  t.equal(node:instance().state, "MASTER")
  node.net:http(URL, function() halua.sleep "750ms" return { status = 200 } end)
  t.equal(reason(node), URL .. " answers 200, but slowly: 0.75 s, and 0.5 s are allowed")
end)

t.case("the own node can be asked, whatever the name stands for", function()
  local url = "http://shop.example.org/health"
  local node = t.node { conf = conf("url " .. url .. "\naddress 127.0.0.1"), state = "MASTER" }
  local asked
  node.net:answer("http.request", function(request)
    asked = request.resolve
    return { status = 200, body = "", headers = {}, time = 0.01, url = url }
  end)
  t.advance("10s")
  t.equal(asked, "127.0.0.1")
  t.equal(node:check("shop.answer").state, "up")
end)

t.case("every kind of silence has its own words", function()
  local node = master()
  node.net:http(URL, t.error("refused", "connection refused"))
  t.contains(reason(node), "nothing listens there")
  node.net:http(URL, function() halua.sleep "1h" end)
  t.contains(reason(node), "no whole answer within 1.4 s")
  node.net:http(URL, t.error("reset", "reset"))
  t.contains(reason(node), "broken off")
  node.net:http(URL, t.error("protocol", "HTTP/0.9 is not understood"))
  t.contains(reason(node), "no web server")
  node.net:http(URL, t.error("auth", "the certificate has expired"))
  t.contains(reason(node), "not believed: the certificate has expired")
  node.net:http(URL, t.error("dns", "no such name"))
  t.contains(reason(node), "the name is not known")
end)

t.case("what the service needs goes with the request", function()
  local node = master('method POST\nbody "{}"\nheaders "X-Probe: halua" "Host: shop.example.org"')
  local seen
  node.net:http(URL, function(request)
    seen = request
    return { status = 200 }
  end)
  t.advance("3s")
  t.equal(seen.method, "POST")
  t.equal(seen.body, "{}")
  local names = {}
  for name, value in pairs(seen.headers) do names[name:lower()] = value end
  t.equal(names["x-probe"], "halua")
  t.equal(names["host"], "shop.example.org")
end)

t.case("secrets of the url are not in the reason", function()
  local url = "http://127.0.0.1:8080/health?token=hunter2"
  local node = t.node { conf = conf("url " .. url), state = "MASTER" }
  node.net:http(url, { status = 500 })
  t.equal(reason(node), "http://127.0.0.1:8080/health?… answers with status 500")
end)

t.case("wrong options are refused with their line", function()
  local function refused(options, pattern)
    t.raises(function() t.node { conf = conf(options) } end, pattern)
  end
  local url = "url " .. URL .. "\n"
  refused("", "needs the option url")
  refused("url shop.example.org", "2:?%d*: url of plugin shop takes an http")
  refused(url .. "status 2xx", '3:?%d*: status of plugin shop: takes numbers such as 200 .* not "2xx"')
  refused(url .. "status 300-200", "3:?%d*: status of plugin shop")
  refused(url .. "headers nothing", '3:?%d*: headers of plugin shop: takes texts such as "Name: value"')
  refused(url .. "method HEAD\nexpect x", "3:?%d*: method of plugin shop: the answer to HEAD has no page")
  refused(url .. "method PATCH", '3:?%d*: method of plugin shop takes "GET" or "HEAD" or "POST"')
  refused(url .. "body x", "3:?%d*: body of plugin shop: is sent only with")
  refused(url .. "password x", "3:?%d*: password of plugin shop: needs a")
  refused(url .. "follow 21", "3:?%d*: follow of plugin shop: takes 0 to 20")
  refused(url .. "ca here", "3:?%d*: ca of plugin shop takes a path that begins with /, not \"here\"")
end)
