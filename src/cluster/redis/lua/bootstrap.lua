-- Makes a shard part of a cluster, by compare-and-set: whoever comes first.
-- ARGV[1] the shard's name; ARGV[2] cluster; ARGV[3] slot table, JSON; ARGV[4] its version;
-- ARGV[5] a short random tag of the shard; ARGV[6] generation; then two a slot owned: slot and
-- version.
-- Answers the shard's `meta` as it now is: field, value …
if redis.call('HEXISTS', 'meta', 'cluster') == 0 then
  redis.call('HSET', 'meta', 'shard', ARGV[1], 'cluster', ARGV[2], 'table', ARGV[3],
    'version', ARGV[4], 'tag', ARGV[5])
  redis.call('DEL', 'slots')
  for i = 7, #ARGV, 2 do
    redis.call('HSET', 'slots', ARGV[i], ARGV[i + 1] .. '.' .. ARGV[6])
  end
end
return redis.call('HGETALL', 'meta')
