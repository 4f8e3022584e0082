-- @include lib.lua
-- Members of a room: a page in the order of ids, or all with those whose membership has ended.
--
-- KEYS  none (lib.lua)
-- ARGV  1 `H slot I4 version I4 limit H room H after`; limit 0: all, and the ended ones
-- Answers 0 MOVED, or { sorted, { user, interval, ... }, { ended, ... } }: a small room's members
--       come whole and unsorted, since Lua compares by locale
local slot, version, limit, room, after = unpack_('>HI4I4Hc0Hc0', ARGV[1])
if not generation(slot, version) then return 0 end
local members = slot .. ':m:' .. room
local order = slot .. ':s:' .. room
if limit == 0 or call('EXISTS', order) == 0 then
  local ended = limit == 0 and call('LRANGE', slot .. ':x:' .. room, 0, -1) or {}
  return { 0, call('HGETALL', members), ended }
end
local from = after == '' and '-' or '(' .. after
local users = call('ZRANGEBYLEX', order, from, '+', 'LIMIT', 0, limit)
local page = {}
for i = 1, #users do
  page[2 * i - 1] = users[i]
  page[2 * i] = call('HGET', members, users[i])
end
return { 1, page, {} }
