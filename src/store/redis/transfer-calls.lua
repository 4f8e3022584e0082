-- @include lib.lua
-- @include call-keys.lua
-- What is remembered of calls of one room.
--
-- KEYS  none (lib.lua)
-- ARGV  1 slot, 2 version, 3 now, 4 window in ms, then 12 bytes of digest a call
-- Answers 0 MOVED, or one item a call: false, or { seq, digest }
local slot, now, window = tonumber(ARGV[1]), tonumber(ARGV[3]), tonumber(ARGV[4])
if not generation(slot, tonumber(ARGV[2])) then return 0 end
know_windows({ text_of(slot) }, now, window)
local st = { slot = text_of(slot), window = generations[text_of(slot)] }
local answers = {}
for i = 5, #ARGV do
  local found = find_call(st, ARGV[i], now, window)
  answers[i - 4] = found and { found.seq, found.digest } or false
end
return answers
