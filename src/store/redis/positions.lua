-- @include lib.lua
-- Read positions of a room: of some users, or those that moved after a version.
--
-- KEYS  none (lib.lua)
-- ARGV  1 `H slot I4 version I4 after I4 limit H room`; limit 0: of the users that follow
--       2 … users
-- Answers 0 MOVED, or { user, position, ... }
local slot, version, after, limit, room = unpack_('>HI4I4I4Hc0', ARGV[1])
if not generation(slot, version) then return 0 end
local users = {}
if limit > 0 then
  users = call('ZRANGEBYSCORE', slot .. ':v:' .. room, '(' .. after, '+inf', 'LIMIT', 0, limit)
else
  for i = 2, #ARGV do users[i - 1] = ARGV[i] end
end
local answer = {}
for i = 1, #users do
  answer[2 * i - 1] = users[i]
  answer[2 * i] = call('HGET', slot .. ':p:' .. room, users[i])
end
return answer
