-- @include lib.lua
-- Users of a tenant on this shard, in the order of their ids as bytes.
--
-- KEYS  none (lib.lua)
-- ARGV  1 tenant, 2 id after which ('' for the first), 3 limit
-- Answers ids
local from = ARGV[2] == '' and '-' or '(' .. ARGV[2]
return call('ZRANGEBYLEX', 'users:' .. ARGV[1], from, '+', 'LIMIT', 0, ARGV[3])
