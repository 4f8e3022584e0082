-- @include lib.lua
-- Heads of rooms, each with the membership of one user, in one step.
--
-- KEYS  none (lib.lua)
-- ARGV  one a room: `H slot I4 version H room H user` ('' for no user)
-- Answers one item a room: 0 MOVED, false for no room, or
--       { generation, hot, kind, owner, title, retention, away, membership }
local answers = {}
for i = 1, #ARGV do
  local slot, version, room, user = unpack_('>HI4Hc0Hc0', ARGV[i])
  local gen = generation(slot, version)
  if not gen then
    answers[i] = 0
  else
    local head = call('HMGET', slot .. ':r:' .. room, 'h', 'k', 'o', 't', 'y', 'w')
    if not head[1] then
      answers[i] = false
    else
      local member = user ~= '' and call('HGET', slot .. ':m:' .. room, user)
      answers[i] = { gen, head[1], head[2], head[3], head[4], head[5], head[6], member }
    end
  end
end
return answers
