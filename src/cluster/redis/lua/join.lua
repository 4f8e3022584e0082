-- Has the caller's node told of a large room or channel, or no longer: a set of nodes, not a
-- count, so that doing it twice does no harm (trap 11).
-- ARGV[1] `<node> <incarnation>`; then four a item: op (+ or -), slot, version, room.
-- Answers `ok` or `moved` an item.
-- @include lib.lua
local node, incarnation = string.match(ARGV[1], '^(%S+) (%S+)$')
local answers = {}
for i = 2, #ARGV, 4 do
  local slot, room = ARGV[i + 1], ARGV[i + 3]
  local answer = 'moved'
  if owns(slot, ARGV[i + 2]) then
    if ARGV[i] == '+' then
      redis.call('HSET', slot .. ':n:' .. room, node, incarnation)
      redis.call('SADD', 'joined:' .. ARGV[1], slot .. ':' .. room)
    else
      redis.call('HDEL', slot .. ':n:' .. room, node)
      redis.call('SREM', 'joined:' .. ARGV[1], slot .. ':' .. room)
    end
    answer = 'ok'
  end
  answers[#answers + 1] = answer
end
return answers
