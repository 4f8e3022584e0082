-- A room's hot state, its entries, mark and retention; for scripts that write rooms.
--
-- An entry of the log is  I6 at, I4 count, B kind, B flags, H by, [H key], rest.
local create_kind, message_kind, edit_kind, delete_kind = 1, 2, 3, 4
local add_kind, remove_kind, title_kind, large_kind, purge_kind = 5, 6, 7, 8, 9
local has_key, has_reply, has_edit, deleted, has_body = 1, 2, 4, 8, 16
local has_title = 2
-- Flags of a room.
local large, purged, away_known, keeps, marked, ended_known = 1, 2, 4, 8, 16, 32

local hot, hot_packed = '>I4I4I4I4I4I6I4BI4I4I6', '>I4I4I4I4I4I6I4BI4I4I6c0'

local function load_room(slot, room)
  local st = { slot = slot, room = room, key = slot .. ':r:' .. room,
    log = slot .. ':l:' .. room }
  local raw = call('HGET', st.key, 'h')
  if raw then
    local at
    st.there = true
    st.seq, st.first, st.count, st.version, st.reads, st.last_at, st.members, st.flags,
      st.done_seq, st.done_reads, st.created, at = unpack_(hot, raw)
    st.epoch = sub(raw, at)
  else
    st.there = false
    st.seq, st.first, st.count, st.version, st.reads, st.last_at, st.members, st.flags,
      st.done_seq, st.done_reads, st.created = 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0
    st.epoch = ''
  end
  return st
end

local function save_room(st)
  call('HSET', st.key, 'h', pack(hot_packed, st.seq, st.first, st.count, st.version, st.reads,
    st.last_at, st.members, st.flags, st.done_seq, st.done_reads, st.created, st.epoch))
end

local function has(st, flag)
  return band(st.flags, flag) ~= 0
end

-- The outbox mark: something of this room is to be delivered. Its age is that of the oldest.
local function mark(st, now)
  if not has(st, marked) then
    st.flags = st.flags + marked
    call('ZADD', 'outbox', now, st.slot .. ':' .. st.room)
  end
  if has(st, away_known) then
    -- What came now concerns all feed shards, not only those that were away.
    st.flags = st.flags - away_known
    call('HDEL', st.key, 'w')
  end
end

local function entry_at(st, seq)
  if seq < st.first or seq > st.seq then return false end
  return call('LINDEX', st.log, seq - st.first)
end

-- Trap 10: only what was forwarded goes. A bounded number, so that no call pays for a backlog.
local function trim(st, now, most_at_once)
  if not has(st, keeps) then return end
  local most, age = unpack_('>I4I6', call('HGET', st.key, 'y'))
  local last = math.min(st.done_seq, st.seq, st.first + most_at_once - 1)
  while st.first <= last do
    local at, count = unpack_('>I6I4', call('LINDEX', st.log, 0))
    local too_many = most > 0 and st.count - count >= most - 1
    local too_old = age > 0 and at + age - 1 <= now
    if not too_many and not too_old then break end
    call('LPOP', st.log)
    st.first = st.first + 1
  end
end

-- Ordinal of the newest message at or before a seq.
local function count_at(st, seq)
  if seq >= st.seq or st.first > st.seq then return st.count end
  local entry = entry_at(st, math.max(seq, st.first))
  local _, count, kind = unpack_('>I6I4B', entry)
  if seq < st.first and kind == message_kind then return count - 1 end
  return count
end
