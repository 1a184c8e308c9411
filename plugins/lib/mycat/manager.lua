--- Mycat's manager port: one login that is kept, shared by the checks that ask it.

local halua = require "halua"

-- How long the login is kept. A new one comes to another of Mycat's reactors, and costs two lines of its log.
local LONGEST_LOGIN = 300

-- What Mycat says to a login when the user has all the connections that he may have: the one sort of error 1045 that
-- is about load.
local OVERLOADED = "service be degraded"

-- Numbers by which Mycat refuses a user, a schema or a statement: whoever says them lives. Any other number may be what
-- something else says by chance.
local REFUSALS = {
  [1003] = true, [1044] = true, [1045] = true, [1047] = true, [1049] = true, [1064] = true, [1129] = true,
  [1130] = true, [1698] = true,
}

local Manager = {}
Manager.__index = Manager

--- `login`: host, port, user, password, password_file, database. `limit`: how long an answer may take, in seconds.
function Manager.new(login, limit)
  return setmetatable({
    login = login, limit = limit, address = login.host .. ":" .. login.port,
    database = nil, since = 0, is_busy = false,
    -- The last answer that did not come: when that was clear, and what was said of it.
    silence = nil,
  }, Manager)
end

function Manager:password()
  if not self.login.password_file then return self.login.password ~= "" and self.login.password or nil end
  local text, err = halua.file.read(self.login.password_file)
  if not text then return nil, err end
  return (text:match("^[^\r\n]*"))
end

--- Leaves by COM_QUIT.
function Manager:leave()
  if self.database then self.database:close() end
  self.database = nil
end

function Manager:connect(limit)
  if self.database and halua.now() - self.since < LONGEST_LOGIN then return self.database end
  self:leave()
  local password, err = self:password()
  if err then return nil, err end
  local database
  database, err = halua.mysql.connect {
    host = self.login.host, port = self.login.port, user = self.login.user, password = password,
    database = self.login.database, charset = "utf8", timeout = limit,
  }
  self.database, self.since = database, halua.now()
  return database, err
end

--- Calls a function with the connection, while nobody else uses it. Returns what it returns; after an error the next
-- call logs in anew, unless Mycat merely refused the statement.
function Manager:with(deadline, run)
  local since = halua.now()
  while self.is_busy do
    if halua.now() >= deadline - 0.2 then return nil, self.address .. " is still busy with what it was asked before" end
    halua.sleep "5ms"
  end
  -- What another check has waited for in vain in the meantime need not be waited for again.
  if self.silence and self.silence.at > since then return nil, self.silence.err, self.silence.stage end
  self.is_busy = true
  local is_done = false
  local _ <close> = setmetatable({}, {
    __close = function()
      self.is_busy = false
      -- Ended in the middle: what comes next on this connection would be the answer to another question.
      if not is_done then self:leave() end
    end,
  })
  local function left() return math.max(0.01, math.min(self.limit, (deadline - halua.now()) * 0.9)) end
  local result, stage
  local database, err = self:connect(left())
  if database then
    result, err, stage = run(database, left)
  else
    stage = "login"
  end
  if not result and Manager.meaning(err) == "silent" then
    self.silence = { at = halua.now(), err = err, stage = stage }
  end
  if not result and not (type(err) ~= "string" and err.kind == "denied") then self:leave() end
  is_done = true
  return result, err, stage
end

--- Some statements at once. Returns a list of their results; or nil, the error, and the stage that failed: "login",
-- "ping" or "query".
function Manager:ask(deadline, statements)
  return self:with(deadline, function(database, left)
    local ok, err = database:ping(left())
    if not ok then return nil, err, "ping" end
    local results = {}
    for index, statement in ipairs(statements) do
      results[index], err = database:query(statement, left())
      if not results[index] then return nil, err, "query" end
    end
    return results
  end)
end

--- What an error means: "configuration" (Mycat lives and answers, but not to this user), "overload", "silent" or
-- "gone".
function Manager.meaning(err)
  if type(err) == "string" then return "silent" end
  if err.kind == "timeout" then return "silent" end
  local is_refusal = REFUSALS[math.tointeger(err.message:match("error (%d+):"))]
  -- The file with the password.
  if is_refusal or err.message:find("^file%.read ") then
    return err.message:find(OVERLOADED, 1, true) and "overload" or "configuration"
  end
  return "gone"
end

--- What was said, without who said it.
function Manager.said(err) return (err.message:gsub("^mysql%.%w+ [^ ]+: ", "")) end

--- Says in the operator's words why there was no answer.
function Manager:why(err)
  if type(err) == "string" then
    return err
  elseif err.kind == "refused" then
    return self.address .. " refuses connections: nothing listens there"
  elseif err.kind == "closed" or err.kind == "reset" then
    return self.address .. " broke off the connection: Mycat has ended, or is out of network buffers, or it is no Mycat"
  elseif err.kind == "timeout" then
    return Manager.said(err)
  elseif err.kind == "protocol" then
    return self.address .. " is no Mycat: what it says is not the MySQL protocol"
  end
  return ("%s refuses: %s"):format(self.address, Manager.said(err))
end

return Manager
