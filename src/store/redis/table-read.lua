-- @include lib.lua
-- Rows of a table: those named, or a range in the order of their keys.
--
-- KEYS  none (lib.lua)
-- ARGV  1 `H slot I4 version H table`, 2 `get`, then keys; or `up` or `down`, 3 from, 4 to
--       (exclusive), 5 limit
-- Answers 0 MOVED; one value a key, false where there is none; or { key, value, ... }
local slot, version, name = unpack_('>HI4Hc0', ARGV[1])
if not generation(slot, version) then return 0 end
local rows, order = slot .. ':q:' .. name, slot .. ':y:' .. name
local answer = {}
if ARGV[2] == 'get' then
  for i = 3, #ARGV do answer[i - 2] = call('HGET', rows, ARGV[i]) end
  return answer
end
local from, to = '[' .. ARGV[3], '(' .. ARGV[4]
local keys = ARGV[2] == 'up' and call('ZRANGEBYLEX', order, from, to, 'LIMIT', 0, ARGV[5])
  or call('ZREVRANGEBYLEX', order, to, from, 'LIMIT', 0, ARGV[5])
for i = 1, #keys do
  answer[2 * i - 1], answer[2 * i] = keys[i], call('HGET', rows, keys[i])
end
return answer
