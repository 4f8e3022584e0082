-- Users of whom the shard believes that the caller holds connections.
-- ARGV[1] `<node> <incarnation>`; ARGV[2] cursor, 0 to begin. Answers { cursor, members }.
return redis.call('SSCAN', 'held:' .. ARGV[1], ARGV[2], 'COUNT', 500)
