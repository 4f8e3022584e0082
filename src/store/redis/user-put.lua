-- @include lib.lua
-- Writes a profile where nobody wrote it meanwhile.
--
-- KEYS  none (lib.lua)
-- ARGV  1 fence, 2 `H slot I4 version I4 known H user H tenant H id`, known being the version that
--       was read (0: none); 3 json, 4 blocked, 5 inactive, 6 revokedBefore in ms, 7 lastSeen in
--       ms, '' where it was not changed
-- Answers 0 MOVED, -1 when another came first, or the new version
if not live(ARGV[1]) then return fenced end
local slot, version, known, user, tenant, id = unpack_('>HI4I4Hc0Hc0Hc0', ARGV[2])
if not generation(slot, version) then return 0 end
local key = slot .. ':u:' .. user
if tonumber(call('HGET', key, 'v') or 0) ~= known then return -1 end
call('HSET', key, 'j', ARGV[3], 'v', known + 1, 't', ARGV[6])
if ARGV[4] == '1' then call('HSET', key, 'b', 1) else call('HDEL', key, 'b') end
if ARGV[5] == '1' then call('HSET', key, 'i', 1) else call('HDEL', key, 'i') end
-- The directory notes departures without a version: what was not changed is left to it.
if ARGV[7] ~= '' then call('HSET', key, 's', ARGV[7]) end
call('ZADD', slot .. ':i', 0, 'u' .. user)
call('ZADD', 'users:' .. tenant, 0, id)
return known + 1
