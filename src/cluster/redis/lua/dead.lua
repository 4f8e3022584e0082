-- Declares a node dead, by compare-and-set: only while its incarnation and heartbeat are still
-- what the observer saw unchanged. From here all its scripts are refused (G7).
-- ARGV[1] `<node> <incarnation>` of the observer; ARGV[2] node; ARGV[3] incarnation; ARGV[4] beat.
-- Answers 1 when it is dead by this call.
if redis.call('HGET', 'nodes', ARGV[2]) ~= ARGV[3] then return 0 end
if (redis.call('HGET', 'beats', ARGV[2]) or '') ~= ARGV[4] then return 0 end
redis.call('HDEL', 'nodes', ARGV[2])
redis.call('HDEL', 'passes', ARGV[2])
redis.call('HSET', 'graves', ARGV[2] .. ' ' .. ARGV[3], 'dead')
return 1
