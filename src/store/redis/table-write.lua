-- @include lib.lua
-- Changes rows of a table where others are as they are expected to be.
--
-- KEYS  none (lib.lua)
-- ARGV  1 fence, 2 `H slot I4 version H table`, 3 how many rows are expected; then three a row,
--       those expected first: key, 1 or 0 for none, value
-- Answers 0 MOVED, -1 where a row is not as expected, or 1
if not live(ARGV[1]) then return fenced end
local slot, version, name = unpack_('>HI4Hc0', ARGV[2])
if not generation(slot, version) then return 0 end
local rows, order = slot .. ':q:' .. name, slot .. ':y:' .. name
local first = 4 + 3 * tonumber(ARGV[3])
for i = 4, first - 1, 3 do
  local value = call('HGET', rows, ARGV[i])
  if value ~= (ARGV[i + 1] == '1' and ARGV[i + 2]) then return -1 end
end
for i = first, #ARGV, 3 do
  if ARGV[i + 1] == '1' then
    call('HSET', rows, ARGV[i], ARGV[i + 2])
    call('ZADD', order, 0, ARGV[i])
  else
    call('HDEL', rows, ARGV[i])
    call('ZREM', order, ARGV[i])
  end
end
call('ZADD', slot .. ':i', 0, 't' .. name)
return 1
