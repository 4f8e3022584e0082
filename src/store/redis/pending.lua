-- @include lib.lua
-- @include room.lua
-- Rooms of this shard whose outbox mark has aged, oldest first.
--
-- KEYS  none (lib.lua)
-- ARGV  1 now, 2 ageMs, 3 limit
-- Answers { slot, room, forwarded seq, forwarded reads, away, ... }; a mark from the future was
--       made by a clock that was put back since, and counts as aged
local now, age, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local future_ms = 10000
local marks = call('ZRANGEBYSCORE', 'outbox', now + future_ms, '+inf', 'LIMIT', 0, limit)
local aged = call('ZRANGEBYSCORE', 'outbox', '-inf', now - age, 'LIMIT', 0, limit - #marks)
for i = 1, #marks do aged[#aged + 1] = marks[i] end
local answer = {}
for i = 1, #aged do
  local slot, room = string.match(aged[i], '^(%d+):(.*)$')
  local st = load_room(slot, room)
  local n = #answer
  answer[n + 1], answer[n + 2] = tonumber(slot), room
  answer[n + 3], answer[n + 4] = st.done_seq, st.done_reads
  answer[n + 5] = call('HGET', st.key, 'w') or ''
end
return answer
