-- The heartbeat: a counter, not a time. ARGV[1] `<node> <incarnation>`; ARGV[2] what the others
-- read of this node, JSON. Comes back on the node's own channel too, numbered like all else there,
-- so that an idle channel that lost something, or is dead, shows (trap 13, G5).
-- Answers { nodes, beats, infos, graves }, each a list of field, value, field, value …
-- @include lib.lua
local node = string.match(ARGV[1], '^%S+')
redis.call('HINCRBY', 'beats', node, 1)
redis.call('HSET', 'infos', node, ARGV[2])
publish(node, 'B', '')
return {
  redis.call('HGETALL', 'nodes'), redis.call('HGETALL', 'beats'),
  redis.call('HGETALL', 'infos'), redis.call('HGETALL', 'graves'),
}
