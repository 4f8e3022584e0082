-- @include lib.lua
-- @include feed.lua
-- Rows of rooms of a user.
--
-- KEYS  none (lib.lua)
-- ARGV  1 `H slot I4 version H user`, 2 … room ids
-- Answers 0 MOVED, or { total unread, row or false, ... }
local slot, version, user = unpack_('>HI4Hc0', ARGV[1])
if not generation(slot, version) then return 0 end
local key = slot .. ':f:' .. user
local raw = call('HGET', key, '')
local answer = { raw and parse_head(raw).total or 0 }
for i = 2, #ARGV do answer[i] = call('HGET', key, ARGV[i]) end
return answer
