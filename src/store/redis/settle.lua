-- @include lib.lua
-- @include room.lua
-- Says how far rooms were forwarded; removes marks where nothing came meanwhile (trap 1).
--
-- KEYS  none (lib.lua)
-- ARGV  1 fence, 2 now, then one a room: `H slot I4 version I4 seq I4 reads H away H room`, away
--       being the names of feed shards that are missing, each ended by a line feed
-- Answers one number a room: 0 MOVED, 1 done
if not live(ARGV[1]) then return fenced end
local now = tonumber(ARGV[2])

local function drop(st)
  local name = ':' .. st.room
  for kind in string.gmatch('rlmspvx', '.') do call('DEL', st.slot .. ':' .. kind .. name) end
  call('ZREM', st.slot .. ':i', 'r' .. st.room)
  call('ZREM', 'outbox', st.slot .. name)
end

local function away_from(st, seq, reads, away)
  -- What the missing shards have not got is not forwarded; the others need not be asked again.
  if seq == st.seq and reads == st.reads then
    st.flags = bor(st.flags, away_known)
    call('HSET', st.key, 'w', away)
  end
  call('ZADD', 'outbox', now, st.slot .. ':' .. st.room)
end

-- Ended memberships that everything was forwarded past (trap 2); they stand in order.
local function drop_ended(st)
  if not has(st, ended_known) then return end
  local key = st.slot .. ':x:' .. st.room
  while true do
    local oldest = call('LINDEX', key, 0)
    if not oldest then
      st.flags = st.flags - ended_known
      return
    end
    if unpack_('>I4', oldest) > st.done_seq then return end
    call('LPOP', key)
  end
end

local function settle(st, seq, reads, away)
  if not st.there or not has(st, marked) then return end
  if away ~= '' then
    away_from(st, seq, reads, away)
    return save_room(st)
  end
  seq = math.min(st.seq, math.max(seq, st.done_seq))
  reads = math.min(st.reads, math.max(reads, st.done_reads))
  local moved = seq ~= st.done_seq or reads ~= st.done_reads
  st.done_seq, st.done_reads = seq, reads
  if has(st, away_known) then
    st.flags = st.flags - away_known
    call('HDEL', st.key, 'w')
  end
  drop_ended(st)
  trim(st, now, 64)
  if seq < st.seq or reads < st.reads then
    if moved then call('ZADD', 'outbox', now, st.slot .. ':' .. st.room) end
    return save_room(st)
  end
  if has(st, purged) then return drop(st) end
  st.flags = st.flags - marked
  call('ZREM', 'outbox', st.slot .. ':' .. st.room)
  save_room(st)
end

local answers, all = {}, {}
for i = 3, #ARGV do all[i - 2] = (unpack_('>H', ARGV[i])) end
know_slots(all)
for i = 3, #ARGV do
  local slot, version, seq, reads, away, room = unpack_('>HI4I4I4Hc0Hc0', ARGV[i])
  if generation(slot, version) then
    settle(load_room(text_of(slot), room), seq, reads, away)
    answers[i - 2] = 1
  else
    answers[i - 2] = 0
  end
end
return answers
