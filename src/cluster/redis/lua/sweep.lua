-- Removes what a dead incarnation left, some at a time, and announces who went offline.
-- ARGV[1] `<node> <incarnation>` of the sweeper; ARGV[2] the same of the dead one; ARGV[3] when it
-- was last seen, ms since 1970; ARGV[4] entries a call. Answers how many entries remain.
-- @include lib.lua
-- @include presence.lua
local grave, at, most = ARGV[2], ARGV[3], tonumber(ARGV[4])
local node, incarnation = string.match(grave, '^(%S+) (%S+)$')

local function each(set, run)
  for _, member in ipairs(redis.call('SRANDMEMBER', set, most)) do
    local slot, key = string.match(member, '^(%d+):(.*)$')
    run(slot, key)
    redis.call('SREM', set, member)
  end
  return redis.call('SCARD', set)
end

local left = each('held:' .. grave, function(slot, user)
  local place = slot .. ':c:' .. user
  local all, gone, stays = redis.call('HGETALL', place), false, false
  for i = 1, #all, 2 do
    local owned = all[i + 1] == grave
    if all[i] == '~' then
      owned = string.find(all[i + 1], '|' .. node .. '|' .. incarnation .. '|', 1, true) ~= nil
    end
    if owned then
      redis.call('HDEL', place, all[i])
      gone = true
    else
      stays = true
    end
  end
  if gone and not stays then offline(slot, user, at) end
end)
left = left + each('watching:' .. grave, function(slot, user)
  local key = slot .. ':w:' .. user
  if redis.call('HGET', key, node) == incarnation then redis.call('HDEL', key, node) end
end)
left = left + each('joined:' .. grave, function(slot, room)
  local key = slot .. ':n:' .. room
  if redis.call('HGET', key, node) == incarnation then redis.call('HDEL', key, node) end
end)
if left == 0 then
  redis.call('HDEL', 'graves', grave)
  if not redis.call('HGET', 'nodes', node) then
    for _, key in ipairs({ 'infos', 'beats', 'pubs', 'writes' }) do
      redis.call('HDEL', key, node)
    end
  end
end
tellChanges()
return left
