-- @include lib.lua
-- Profiles of users.
--
-- KEYS  none (lib.lua)
-- ARGV  one a user: `H slot I4 version H user`
-- Answers one item a user: 0 MOVED, false for nobody, or { json, version, revoked before, last
--       seen, blocked }; a hash without version is no profile: the directory wrote it
local answers = {}
for i = 1, #ARGV do
  local slot, version, user = unpack_('>HI4Hc0', ARGV[i])
  if not generation(slot, version) then
    answers[i] = 0
  else
    local found = call('HMGET', slot .. ':u:' .. user, 'j', 'v', 't', 's', 'b')
    answers[i] = found[2] and found or false
  end
end
return answers
