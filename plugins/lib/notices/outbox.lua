--- Notices on their way out: kept in order, tried again with growing pauses, given up when they are too old. What waits
-- is in the plugin's store, so that it survives a reload.

local halua = require "halua"

-- Seconds.
local LONGEST_PAUSE, LONGEST_WAIT_FOR_RECEIVER = 60, 300

local outbox = {}

--- The part of the store that is called so.
function outbox.kept(name)
  local part = halua.store[name]
  if not part then
    part = {}
    halua.store[name] = part
  end
  return part
end
local kept = outbox.kept

--- Makes the outbox of a plugin, which sends from then on. `options`:
-- `name`, which its metrics begin with; `receiver`, as the log may say it; `limit`, how many notices may wait;
-- `give_up`, the age in seconds at which a notice is not tried any more;
-- `deliver(waiting, left_out)`, one attempt with what goes out together: true, or nil, a reason without secrets,
-- whether trying again makes sense, and after how many seconds at the earliest;
-- `batch(queue)`, how many of those that wait go out together now, 0 for none yet; one unless it is given.
function outbox.new(options)
  local sent = halua.metrics.counter(options.name .. "_sent", "Notices that were delivered.")
  local lost = halua.metrics.counter(options.name .. "_lost", "Notices that were given up or left out.")
  local batch = options.batch or function() return 1 end
  local receiver = options.receiver
  local is_sending = false

  --- Puts a notice, which has a `text`, into the queue. `at`: when it was, on the clock of halua.now.
  local function put(notice, at)
    local queue = kept "queue"
    if #queue >= options.limit then
      table.remove(queue, 1)
      lost:inc()
      halua.store.left_out = (halua.store.left_out or 0) + 1
      halua.log.warn(("more than %d notices wait for %s: the oldest is left out"):format(options.limit, receiver))
    end
    queue[#queue + 1] = { notice = notice, at = at }
    halua.store.queue = queue
  end

  --- Takes out what was under way. Some of it may have been left out meanwhile.
  local function take_out(waiting)
    local is_done, rest = {}, {}
    for _, one in ipairs(waiting) do is_done[one] = true end
    for _, one in ipairs(kept "queue") do
      if not is_done[one] then rest[#rest + 1] = one end
    end
    halua.store.queue = rest
  end

  local function postpone(reason, pause)
    -- Of the receiver, not of the notice: the next one is not a new beginning.
    local tries = (kept("trouble").tries or 0) + 1
    pause = math.max(math.min(2 ^ (tries - 1), LONGEST_PAUSE), math.min(pause or 0, LONGEST_WAIT_FOR_RECEIVER))
    halua.store.trouble = { tries = tries, due = halua.now() + pause }
    halua.log.warn(("a notice could not be delivered, again in %d s: %s"):format(pause, reason))
  end

  local function give_up(waiting, reason)
    take_out(waiting)
    for _, one in ipairs(waiting) do
      lost:inc()
      halua.log.error(("a notice for %s is given up: %s"):format(receiver, reason), { notice = one.notice.text })
    end
  end

  --- Sends what waits, in order, until something cannot be delivered now. One task at a time does it.
  local function send_all()
    if is_sending then return end
    is_sending = true
    local _ <close> = setmetatable({}, { __close = function() is_sending = false end })
    while true do
      local queue = kept "queue"
      local count = #queue > 0 and math.min(batch(queue), #queue) or 0
      if count == 0 or (kept("trouble").due or 0) > halua.now() then return end
      local waiting, left_out = table.move(queue, 1, count, 1, {}), halua.store.left_out or 0
      local is_delivered, reason, is_passing, pause = options.deliver(waiting, left_out)
      if is_delivered then
        -- First of all, so that nothing is ever sent again and again.
        take_out(waiting)
        halua.store.trouble = {}
        halua.store.left_out = halua.store.left_out and halua.store.left_out - left_out
        for _ = 1, count do sent:inc() end
      elseif not is_passing or halua.now() - waiting[1].at >= options.give_up then
        give_up(waiting, reason)
      else
        return postpone(reason, pause)
      end
    end
  end

  -- No run of `every`: an attempt may take as long as the operator says.
  halua.spawn(function()
    while true do
      local is_well, err = pcall(send_all)
      if not is_well then halua.log.error("sending a notice failed: " .. tostring(err)) end
      halua.sleep "250ms"
    end
  end)
  halua.on.shutdown { timeout = "2s", run = send_all }
  return { put = put, send_all = send_all }
end

return outbox
