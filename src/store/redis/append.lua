-- @include lib.lua
-- @include room.lua
-- @include call-keys.lua
-- Applies operations to many rooms in one call; atomic, each group of operations for itself.
--
-- KEYS  none (lib.lua)
-- ARGV  1 fence, 2 `I4 maxMembers I4 feedFanoutLimit I6 keyWindowMs I6 now`, then groups:
--       `H slot I4 version H operations H room`, followed by that many operations:
--       `B kind I6 at I4 expect c12 hash H digest I4 number H prefix` and the rest as bytes,
--       prefix being `B flags H by [H key]` as in the entries; kind 10 moves a read position
-- Answers one item a group: 0 MOVED, text for a fault, or
--       { epoch, { status, seq, at, version, count, ... } for each operation }
if not live(ARGV[1]) then return fenced end
local max_members, fanout, window, now = unpack_('>I4I4I6I6', ARGV[2])
local ok, duplicate, stale, conflict, exists, missing, full = 0, 1, 2, 3, 4, 5, 6
local read_kind = 10

local function write(st, op, kind, flags, rest, messages)
  local at = math.max(op.at, st.last_at)
  st.seq, st.last_at, st.count = st.seq + 1, at, st.count + messages
  local own, prefix = bor(band(op.flags, has_key), flags), op.prefix
  if own ~= op.flags then prefix = char(own) .. sub(prefix, 2) end
  call('RPUSH', st.log, pack('>I6I4Bc0c0', at, st.count, kind, prefix, rest))
  st.wrote = true
  return at
end

-- The room outgrew the feeds: logged, so that all know from which entry on (trap 11).
local function grow_large(st, op)
  if fanout == 0 or has(st, large) or st.members <= fanout then return 0 end
  write(st, op, large_kind, 0, '', 0)
  st.flags, st.version = st.flags + large, st.seq
  local members = call('HKEYS', st.slot .. ':m:' .. st.room)
  for i = 1, #members do call('ZADD', st.slot .. ':s:' .. st.room, 0, members[i]) end
  return 1
end

local function take_in(st, user, at)
  call('HSET', st.slot .. ':m:' .. st.room, user, pack('>I4I6', st.seq, at))
  -- Only large rooms keep their members in order beside: a small one is sorted when asked.
  if has(st, large) then call('ZADD', st.slot .. ':s:' .. st.room, 0, user) end
end

local function names(rest, at, n)
  local list, seen = {}, {}
  for _ = 1, n do
    local name
    name, at = unpack_('>Hc0', rest, at)
    if not seen[name] then
      seen[name] = true
      list[#list + 1] = name
    end
  end
  return list
end

local decide = {}

-- rest: H epoch, c1 kind of room, H title, I4 maxMessages + 1, I6 maxAgeMs + 1, members; number:
-- how many. What is behind the epoch is the entry's own rest.
decide[create_kind] = function(st, op)
  if st.there then return exists end
  local epoch, at = unpack_('>Hc0', op.rest)
  local rest = sub(op.rest, at)
  local room_kind, title, most, age, behind = unpack_('>c1Hc0I4I6', rest)
  local members = names(rest, behind, op.number)
  if max_members > 0 and #members > max_members then return full end
  st.epoch, st.members, st.created = epoch, #members, op.at
  if room_kind == 'c' then st.flags = st.flags + large end
  if most > 0 or age > 0 then
    st.flags = st.flags + keeps
    call('HSET', st.key, 'y', pack('>I4I6', most, age))
  end
  local created = write(st, op, create_kind, band(op.flags, has_title), rest, 0)
  st.version, st.there = st.seq, true
  call('HSET', st.key, 'k', room_kind, 'o', op.by)
  if band(op.flags, has_title) ~= 0 then call('HSET', st.key, 't', title) end
  for i = 1, #members do take_in(st, members[i], created) end
  call('ZADD', st.slot .. ':i', 0, 'r' .. st.room)
  return ok, { grow_large(st, op) }
end

decide[message_kind] = function(st, op)
  local at = write(st, op, message_kind, op.flags, op.rest, 1)
  local key = st.slot .. ':p:' .. st.room
  -- Where nobody read explicitly there is no version to keep.
  local before = st.reads > 0 and call('HGET', key, op.by)
  local version = before and unpack_('>I4', before, 9) or 0
  call('HSET', key, op.by, pack('>I4I4I4I6', st.seq, st.count, version, at))
  return ok
end

-- Where a kept message's parts are: flags, and the place behind its key.
local function parts_of(entry)
  local flags = byte(entry, 12)
  local _, at = unpack_('>Hc0', entry, 13)
  if band(flags, has_key) ~= 0 then _, at = unpack_('>Hc0', entry, at) end
  return flags, at
end

local function message_at(st, seq)
  local entry = entry_at(st, seq)
  if not entry or byte(entry, 11) ~= message_kind then return nil end
  local flags, at = parts_of(entry)
  if band(flags, deleted) ~= 0 then return nil end
  if band(flags, has_reply) ~= 0 then at = at + 4 end
  local edited, chain = 0, 0
  if band(flags, has_edit) ~= 0 then edited, chain = unpack_('>I6I4', entry, at) end
  return { entry = entry, flags = flags, at = at, edited = edited, chain = chain }
end

-- Puts a message in its new state: head up to the place of the edit, then edit and text.
local function replace(st, seq, message, flags, edit, text)
  local entry = message.entry
  call('LSET', st.log, seq - st.first,
    sub(entry, 1, 11) .. char(flags) .. sub(entry, 13, message.at - 1) .. edit .. text)
end

decide[edit_kind] = function(st, op)
  local message = message_at(st, op.number)
  if not message then return missing end
  local at = write(st, op, edit_kind, 0, pack('>I4I4', op.number, message.chain) .. op.rest, 0)
  local flags = bor(band(message.flags, has_key + has_reply), has_edit)
  replace(st, op.number, message, flags, pack('>I6I4', at, st.seq), op.rest)
  return ok
end

-- Takes a text away, from its edits too: nobody reads it again anywhere (G11).
decide[delete_kind] = function(st, op)
  local message = message_at(st, op.number)
  if not message then return missing end
  write(st, op, delete_kind, 0, pack('>I4', op.number), 0)
  local flags = bor(band(message.flags, has_key + has_reply + has_edit), deleted)
  local edit = ''
  if message.edited > 0 then edit = pack('>I6I4', message.edited, 0) end
  replace(st, op.number, message, flags, edit, '')
  local seq = message.chain
  while seq ~= 0 do
    local entry = entry_at(st, seq)
    if not entry then break end
    local edit_flags, at = parts_of(entry)
    call('LSET', st.log, seq - st.first, sub(entry, 1, 11) .. char(bor(edit_flags, deleted))
      .. sub(entry, 13, at + 3) .. pack('>I4', 0))
    local _, before = unpack_('>I4I4', entry, at)
    seq = before
  end
  return ok
end

decide[add_kind] = function(st, op)
  local users, new, which = names(op.rest, 1, op.number), {}, {}
  for i = 1, #users do
    if call('HEXISTS', st.slot .. ':m:' .. st.room, users[i]) == 0 then
      new[#new + 1] = users[i]
    end
  end
  if #new > 0 and max_members > 0 and st.members + #new > max_members then return full end
  for i = 1, #new do
    local at = write(st, op, add_kind, 0, new[i], 0)
    st.members, st.version = st.members + 1, st.seq
    take_in(st, new[i], at)
    which[i] = new[i]
  end
  return ok, { grow_large(st, op), which }
end

decide[remove_kind] = function(st, op)
  local user, key = op.rest, st.slot .. ':m:' .. st.room
  local interval = call('HGET', key, user)
  if not interval then return ok, { 0 } end
  write(st, op, remove_kind, 0, user, 0)
  st.members, st.version = st.members - 1, st.seq
  call('HDEL', key, user)
  if has(st, large) then call('ZREM', st.slot .. ':s:' .. st.room, user) end
  -- Trap 2: the interval stays until everything in it was forwarded.
  call('RPUSH', st.slot .. ':x:' .. st.room, pack('>I4', st.seq) .. interval .. user)
  st.flags = bor(st.flags, ended_known)
  return ok, { 1 }
end

decide[title_kind] = function(st, op)
  local title = call('HGET', st.key, 't')
  local wanted = band(op.flags, has_title) ~= 0 and op.rest
  if title == wanted then return ok, { 0 } end
  write(st, op, title_kind, band(op.flags, has_title), op.rest, 0)
  st.version = st.seq
  if wanted then call('HSET', st.key, 't', wanted) else call('HDEL', st.key, 't') end
  return ok, { 1 }
end

decide[purge_kind] = function(st, op)
  write(st, op, purge_kind, 0, '', 0)
  st.flags, st.version = st.flags + purged, st.seq
  return ok
end

local function move_read(st, op)
  local key = st.slot .. ':p:' .. st.room
  local seq, count, version, at = 0, 0, 0, 0
  local before = call('HGET', key, op.by)
  if before then seq, count, version, at = unpack_('>I4I4I4I6', before) end
  local to = math.min(op.number, st.seq)
  if st.there and not has(st, purged) and to > seq then
    st.reads = st.reads + 1
    seq, count, version, at = to, math.max(count, count_at(st, to)), st.reads, op.at
    call('HSET', key, op.by, pack('>I4I4I4I6', seq, count, version, at))
    call('ZADD', st.slot .. ':v:' .. st.room, version, op.by)
    st.wrote = true
  end
  return { ok, seq, at, version, count }
end

local function apply(st, op)
  if op.kind == read_kind then return move_read(st, op) end
  -- Keys come before all else: a call that was done stays done, whatever became of the room.
  local before = find_call(st, op.hash, now, window)
  if before and (not st.there or before.at >= st.created) then
    if before.digest ~= op.digest then return { conflict } end
    return { duplicate, before.seq, before.at }
  end
  if op.kind ~= create_kind then
    if st.version ~= op.expect then return { stale } end
    if not st.there or has(st, purged) then return { missing } end
  end
  local status, extra = decide[op.kind](st, op)
  if status ~= ok then return { status } end
  note_call(st, op.hash, op.digest, st.seq, st.last_at, now, window)
  return { ok, st.seq, st.last_at, st.version, st.count, unpack(extra or {}) }
end

local function parse(arg)
  local op, at = {}, 0
  op.kind, op.at, op.expect, op.hash, op.digest, op.number, op.prefix, at =
    unpack_('>BI6I4c12Hc0I4Hc0', arg)
  op.rest = sub(arg, at)
  op.flags = byte(op.prefix, 1)
  op.by = unpack_('>Hc0', op.prefix, 2)
  return op
end

-- Trap 3: what can be refused is refused before anything of the operation is written.
local function group(slot, gen, room, from, n)
  local st, answer, blocked = load_room(text_of(slot), room), { '' }, false
  st.window = generations[slot]
  for i = 1, n do
    local result
    if blocked then
      result = { stale }
    else
      result = apply(st, parse(ARGV[from + i - 1]))
      -- None overtakes the one that must be decided again.
      blocked = result[1] == stale
    end
    answer[i + 1] = result
  end
  if st.wrote then
    mark(st, now)
    trim(st, now, 64)
    save_room(st)
  end
  answer[1] = epoch_in(st.epoch, gen)
  return answer
end

-- Slots and what their windows hold, read in two commands for the whole call.
local function know()
  local list, seen, i = {}, {}, 3
  while i <= #ARGV do
    local slot, _, n = unpack_('>HI4H', ARGV[i])
    if not seen[slot] then
      seen[slot] = true
      list[#list + 1] = slot
    end
    i = i + 1 + n
  end
  know_slots(list)
  know_windows(list, now, window)
end

know()
local answers, i = {}, 3
while i <= #ARGV do
  local slot, version, n, room = unpack_('>HI4HHc0', ARGV[i])
  local gen = generation(slot, version)
  if not gen then
    answers[#answers + 1] = 0
  else
    local fine, answer = pcall(group, slot, gen, room, i + 1, n)
    answers[#answers + 1] = fine and answer or tostring(type(answer) == 'table' and answer.err
      or answer)
  end
  i = i + 1 + n
end
return answers
