-- Registers connections and takes them back, each item atomically with the checks of trap 6.
-- ARGV[1] `<node> <incarnation>`; ARGV[2] connections that a user may have, 0 for any number;
-- then six a item: op, slot, version, user, session, more.
--   c  connect: more is the token's `iat` in ms
--   d  lost: more is the token of the grace that begins; l  logout: likewise, without grace
--   x  the grace `more` has passed; session is empty
--   p  only these sessions of the caller are there: more is a grace token, then the sessions
-- A grace token is `<at ms>|<node>|<incarnation>|<n>`.
-- Answers one string an item: ok, grace, moved, blocked, inactive, revoked, tooMany.
-- @include lib.lua
-- @include presence.lua
local most = tonumber(ARGV[2])

local function connect(slot, user, session, issuedAt)
  local place = slot .. ':c:' .. user
  if redis.call('HGET', place, session) == ARGV[1] then return 'ok' end
  local profile = redis.call('HMGET', slot .. ':u:' .. user, 'b', 'i', 't')
  if profile[1] == '1' then return 'blocked' end
  if profile[2] == '1' then return 'inactive' end
  if tonumber(issuedAt) < tonumber(profile[3] or 0) then return 'revoked' end
  local found = survey(place)
  if most > 0 and found.live >= most then return 'tooMany' end
  redis.call('HDEL', place, '~')
  redis.call('HSET', place, session, ARGV[1])
  redis.call('SADD', 'held:' .. ARGV[1], slot .. ':' .. user)
  if found.sessions == 0 and not found.grace then changed(slot, user, 1, found.live + 1, 0) end
  return 'ok'
end

local function release(slot, user)
  redis.call('SREM', 'held:' .. ARGV[1], slot .. ':' .. user)
end

-- After sessions of the caller went: offline, the grace, or others remain.
local function leave(slot, user, token, atOnce)
  local found = survey(slot .. ':c:' .. user)
  if found.sessions > 0 or found.grace then
    if found.mine == 0 then release(slot, user) end
    return 'ok'
  end
  if atOnce then
    release(slot, user)
    offline(slot, user, string.match(token, '^%d+'))
    return 'ok'
  end
  -- The user stays among those held, so that a sweeper ends the grace if this node dies.
  redis.call('HSET', slot .. ':c:' .. user, '~', '~ ' .. token)
  return 'grace'
end

local function expire(slot, user, token)
  local place = slot .. ':c:' .. user
  local due = redis.call('HGET', place, '~') == '~ ' .. token
  if due then redis.call('HDEL', place, '~') end
  local found = survey(place)
  if due and found.sessions == 0 then offline(slot, user, string.match(token, '^%d+')) end
  if found.mine == 0 then release(slot, user) end
  return 'ok'
end

local function prune(slot, user, more)
  local place = slot .. ':c:' .. user
  local keep, token = {}, nil
  for word in string.gmatch(more, '%S+') do
    if token then keep[word] = true else token = word end
  end
  local all, gone = redis.call('HGETALL', place), false
  for i = 1, #all, 2 do
    if all[i + 1] == ARGV[1] and not keep[all[i]] then
      redis.call('HDEL', place, all[i])
      gone = true
    end
  end
  if gone then return leave(slot, user, token, false) end
  local found = survey(place)
  if found.mine == 0 and not found.grace then release(slot, user) end
  return 'ok'
end

local answers = {}
for i = 3, #ARGV, 6 do
  local op, slot, user, session, more = ARGV[i], ARGV[i + 1], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5]
  local answer = 'moved'
  if owns(slot, ARGV[i + 2]) then
    if op == 'c' then answer = connect(slot, user, session, more)
    elseif op == 'x' then answer = expire(slot, user, more)
    elseif op == 'p' then answer = prune(slot, user, more)
    elseif redis.call('HDEL', slot .. ':c:' .. user, session) == 0 then answer = 'ok'
    else answer = leave(slot, user, more, op == 'l') end
  end
  answers[#answers + 1] = answer
end
tellChanges()
return answers
