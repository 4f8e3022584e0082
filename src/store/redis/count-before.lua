-- @include lib.lua
-- @include room.lua
-- Ordinal of the newest message written before a time.
--
-- KEYS  none (lib.lua)
-- ARGV  1 `H slot I4 version I6 at H room`
-- Answers 0 MOVED, or { ordinal }
local slot, version, at, room = unpack_('>HI4I6Hc0', ARGV[1])
if not generation(slot, version) then return 0 end
local st = load_room(slot, room)
if st.first > st.seq then return { st.count } end
-- `at` never falls within a room, so that halving finds the place.
local low, high = st.first, st.seq + 1
while low < high do
  local middle = math.floor((low + high) / 2)
  if unpack_('>I6', entry_at(st, middle)) >= at then high = middle else low = middle + 1 end
end
if low > st.first then
  local _, count = unpack_('>I6I4', entry_at(st, low - 1))
  return { count }
end
local _, count, kind = unpack_('>I6I4B', entry_at(st, st.first))
return { kind == message_kind and count - 1 or count }
