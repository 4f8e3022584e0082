-- Presence of users. ARGV[1] `-`; then three a item: slot, version, user.
-- Answers { online, devices, lastSeen ms } an item, or `moved`.
-- @include lib.lua
-- @include presence.lua
local answers = {}
for i = 2, #ARGV, 3 do
  local answer = 'moved'
  if owns(ARGV[i], ARGV[i + 1]) then answer = presence(ARGV[i], ARGV[i + 2]) end
  answers[#answers + 1] = answer
end
return answers
