-- Has the caller's node told of presence, or no longer; the state is read in the same step.
-- ARGV[1] `<node> <incarnation>`; then four a item: op (+ or -), slot, version, user.
-- Answers { online, devices, lastSeen ms } an item, or `moved`.
-- @include lib.lua
-- @include presence.lua
local node, incarnation = string.match(ARGV[1], '^(%S+) (%S+)$')
local answers = {}
for i = 2, #ARGV, 4 do
  local slot, user = ARGV[i + 1], ARGV[i + 3]
  local answer = 'moved'
  if owns(slot, ARGV[i + 2]) then
    if ARGV[i] == '+' then
      redis.call('HSET', slot .. ':w:' .. user, node, incarnation)
      redis.call('SADD', 'watching:' .. ARGV[1], slot .. ':' .. user)
    else
      redis.call('HDEL', slot .. ':w:' .. user, node)
      redis.call('SREM', 'watching:' .. ARGV[1], slot .. ':' .. user)
    end
    answer = presence(slot, user)
  end
  answers[#answers + 1] = answer
end
return answers
