-- Gives a node its place on a shard, or confirms it on a new connection.
-- ARGV[1] node; ARGV[2] boot, grows with each start under the id; ARGV[3] a random word of the
-- process; ARGV[4] incarnation that it has here, empty at first; ARGV[5] a random word of the
-- connection: what is still on its way on an older one is refused from here on (trap 4).
-- Answers { `kept`, incarnation, publications }, { `new`, incarnation, publications, 1 when the
-- shard knew the process }, or { `superseded` } when a later process has the id.
local node, boot, process, known, connection = unpack(ARGV)
local current = redis.call('HGET', 'nodes', node)
local published = tonumber(redis.call('HGET', 'pubs', node) or 0)
if known ~= '' and current == known then
  redis.call('HSET', 'passes', node, known .. '/' .. connection)
  return { 'kept', known, published }
end
local n, same = 1, 0
local b, last, p = string.match(redis.call('HGET', 'boots', node) or '', '^(%d+) (%d+) (%S+)$')
if b then
  b, last = tonumber(b), tonumber(last)
  -- A total order of processes, so that of any number exactly one remains.
  local later = b > tonumber(boot) or (b == tonumber(boot) and p > process)
  if p ~= process and current and later then return { 'superseded' } end
  if p == process then n, same = last + 1, 1 end
end
local incarnation = boot .. '.' .. n .. '.' .. process
if current then redis.call('HSET', 'graves', node .. ' ' .. current, 'restart') end
redis.call('HSET', 'boots', node, boot .. ' ' .. n .. ' ' .. process)
redis.call('HSET', 'nodes', node, incarnation)
redis.call('HSET', 'passes', node, incarnation .. '/' .. connection)
redis.call('HSET', 'writes', node, 0)
redis.call('HDEL', 'beats', node)
return { 'new', incarnation, published, same }
