-- @include lib.lua
-- @include call-keys.lua
-- Writes records of a copy as they are packed in TypeScript (transfer-codec.ts), to one slot.
--
-- KEYS  none (lib.lua)
-- ARGV  1 fence, 2 slot, 3 version, 4 now, 5 window of keys in ms, then commands: name, key,
--       number of arguments, arguments; NOTE takes 12 bytes of the call's digest, seq, at and
--       digest; PLAIN takes the generation from an empty slot, so that epochs stay as they come
-- Answers 0 MOVED, 1, or 2 where a slot that holds something was to be made plain
if not live(ARGV[1]) then return fenced end
local slot, now, window = tonumber(ARGV[2]), tonumber(ARGV[4]), tonumber(ARGV[5])
local gen = generation(slot, tonumber(ARGV[3]))
if not gen then return 0 end
local allowed = { DEL = true, HSET = true, RPUSH = true, SET = true, ZADD = true }
local st
local i = 6
while i <= #ARGV do
  local name, n = ARGV[i], tonumber(ARGV[i + 2])
  if name == 'NOTE' then
    if not st then
      know_windows({ text_of(slot) }, now, window)
      st = { slot = text_of(slot), window = generations[text_of(slot)] }
    end
    note_call(st, ARGV[i + 3], ARGV[i + 6], tonumber(ARGV[i + 4]), tonumber(ARGV[i + 5]), now,
      window)
  elseif name == 'PLAIN' then
    -- Another unit of the slot may have come first.
    if gen ~= '' and call('EXISTS', text_of(slot) .. ':i') == 1 then return 2 end
    call('HSET', 'slots', text_of(slot), ARGV[3])
    gen = ''
  elseif allowed[name] then
    call(name, ARGV[i + 1], unpack(ARGV, i + 3, i + 2 + n))
  else
    return redis.error_reply('no command of a copy: ' .. name)
  end
  i = i + 3 + n
end
return 1
