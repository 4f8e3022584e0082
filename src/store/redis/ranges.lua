-- @include lib.lua
-- @include room.lua
-- Entries of ranges of logs, as they are now, what is no longer kept left out.
--
-- KEYS  none (lib.lua)
-- ARGV  one a range: `H slot I4 version I4 from I4 to H room`
-- Answers one item a range: 0 MOVED, or { seq of the first, entries }
local answers = {}
for i = 1, #ARGV do
  local slot, version, from, to, room = unpack_('>HI4I4I4Hc0', ARGV[i])
  if not generation(slot, version) then
    answers[i] = 0
  else
    local st = load_room(slot, room)
    local first, last = math.max(from, st.first), math.min(to, st.seq)
    if first > last then
      answers[i] = { first, {} }
    else
      answers[i] = { first, call('LRANGE', st.log, first - st.first, last - st.first) }
    end
  end
end
return answers
