-- A node leaves by itself. ARGV[1] `<node> <incarnation>`. What it still holds is swept by others.
local node = string.match(ARGV[1], '^%S+')
for _, key in ipairs({ 'nodes', 'passes', 'infos', 'beats' }) do redis.call('HDEL', key, node) end
redis.call('HSET', 'graves', ARGV[1], 'resigned')
return 1
