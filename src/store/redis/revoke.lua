-- @include lib.lua
-- Writes a revocation where directory and sign-in look for it, and into the log of this shard
-- that every node reads, in one step (trap 6).
--
-- KEYS  none (lib.lua)
-- ARGV  1 fence, 2 `H slot I4 version B what I6 at I6 lifeMs H name H tenant H id`: what 1 is a
--       token, name `tenant NUL jti`; 0 a user, 2 one who is blocked too, name the user's key
--       3 the log entry, 4 the profile of somebody never seen; of a token when it expires, in ms
-- Answers 0 MOVED, or 1
if not live(ARGV[1]) then return fenced end
local slot, version, what, at, life, name, tenant, id = unpack_('>HI4BI6I6Hc0Hc0Hc0', ARGV[2])
if not generation(slot, version) then return 0 end
local kept = 10000
if what == 1 then
  if life > 0 then
    call('SET', slot .. ':j:' .. name, ARGV[4], 'PX', string.format('%.0f', life))
    call('ZADD', slot .. ':i', 0, 'j' .. name)
  end
else
  local key = slot .. ':u:' .. name
  call('HSETNX', key, 'j', ARGV[4])
  call('HINCRBY', key, 'v', 1)
  if at > tonumber(call('HGET', key, 't') or 0) then
    call('HSET', key, 't', string.format('%.0f', at))
  end
  if what == 2 then call('HSET', key, 'b', 1) end
  call('ZADD', slot .. ':i', 0, 'u' .. name)
  call('ZADD', 'users:' .. tenant, 0, id)
end
call('XADD', 'revocations', 'MAXLEN', '~', kept, '*', 'r', ARGV[3])
return 1
