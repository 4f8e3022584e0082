-- Presence: a user is online while the hash of connections is there; every change of that is told
-- once to each live node that watches (G8).

-- What a user's hash of connections holds.
local function survey(place)
  local all = redis.call('HGETALL', place)
  local found = { sessions = 0, live = 0, mine = 0 }
  for i = 1, #all, 2 do
    if all[i] == '~' then
      found.grace = all[i + 1]
    else
      found.sessions = found.sessions + 1
      if all[i + 1] == ARGV[1] then found.mine = found.mine + 1 end
      local node, incarnation = string.match(all[i + 1], '^(%S+) (%S+)$')
      if node and alive(node, incarnation) then found.live = found.live + 1 end
    end
  end
  return found
end

local changes = {}
local function changed(slot, user, online, devices, seen)
  local key = slot .. ':w:' .. user
  local watchers = redis.call('HGETALL', key)
  for i = 1, #watchers, 2 do
    local node = watchers[i]
    if alive(node, watchers[i + 1]) then
      changes[node] = changes[node] or {}
      table.insert(changes[node], { user, online, devices, seen })
    else
      redis.call('HDEL', key, node)
    end
  end
end

local function offline(slot, user, seen)
  redis.call('DEL', slot .. ':c:' .. user)
  redis.call('HSET', slot .. ':u:' .. user, 's', seen)
  changed(slot, user, 0, 0, tonumber(seen))
end

-- One publication a node, whatever the number of changes in this call.
local function tellChanges()
  for node, list in pairs(changes) do publish(node, 'P', cjson.encode(list)) end
end

-- { online, devices, lastSeen } as watch and query answer it.
local function presence(slot, user)
  local found = survey(slot .. ':c:' .. user)
  if found.sessions > 0 or found.grace then return { 1, found.live, 0 } end
  local seen = redis.call('HGET', slot .. ':u:' .. user, 's')
  return { 0, 0, tonumber(seen or 0) }
end
