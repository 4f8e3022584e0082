-- @include lib.lua
-- @include room.lua
-- A page of a room's messages, in their final state.
--
-- KEYS  none (lib.lua)
-- ARGV  1 `H slot I4 version B after I4 position I4 limit H room`: after 1: ascending from behind
--       the position; 0: descending from before it
-- Answers 0 MOVED, or { 1 when there are more, seq, entry, ... } in the order of reading
local slot, version, after, position, limit, room = unpack_('>HI4BI4I4Hc0', ARGV[1])
if not generation(slot, version) then return 0 end
local st = load_room(slot, room)
local at_once = 64
local found, n = { 0 }, 0

local function parts(seq)
  local _, count, kind = unpack_('>I6I4B', entry_at(st, seq))
  return count, kind == message_kind
end

-- The first kept seq whose ordinal reaches `count`: steps over long runs of edits.
local function first_with(count)
  local low, high = st.first, st.seq + 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    if parts(middle) >= count then high = middle else low = middle + 1 end
  end
  return low
end

local function take(seq, entry)
  n = n + 1
  found[2 * n], found[2 * n + 1] = seq, entry
end

-- Takes the messages of a stretch; answers how many there were.
local function scan(from, to, step)
  local entries = call('LRANGE', st.log, from - st.first, to - st.first)
  local seen = 0
  local first, last = 1, #entries
  if step < 0 then first, last = last, first end
  for i = first, last, step do
    if byte(entries[i], 11) == message_kind then
      seen = seen + 1
      if n < limit then take(from + i - 1, entries[i]) end
    end
  end
  return seen
end

if st.first > st.seq then return found end
local count, is_message = parts(st.first)
local below = is_message and count - 1 or count
if after == 1 then
  local from = math.max(position + 1, st.first)
  while from <= st.seq and n < limit do
    local to = math.min(from + at_once - 1, st.seq)
    local seen = scan(from, to, 1)
    local reached = parts(to)
    from = to + 1
    if reached == st.count then break end
    if seen == 0 then from = first_with(reached + 1) end
  end
  if n > 0 and parts(found[2 * n]) < st.count then found[1] = 1 end
else
  local to = math.min(position - 1, st.seq)
  while to >= st.first and n < limit do
    local from = math.max(st.first, to - at_once + 1)
    local seen = scan(from, to, -1)
    local oldest, message = parts(from)
    if message then oldest = oldest - 1 end
    if oldest <= below then break end
    to = from - 1
    if seen == 0 then to = first_with(oldest) end
  end
  if n > 0 and parts(found[2 * n]) - 1 > below then found[1] = 1 end
end
return found
