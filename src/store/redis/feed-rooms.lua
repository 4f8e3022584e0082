-- @include lib.lua
-- @include feed.lua
-- A page of a user's rooms, the most recent first.
--
-- KEYS  none (lib.lua)
-- ARGV  1 `H slot I4 version I4 limit B filter I6 lastAt H room H user`: those before (lastAt,
--       room) in the order of the list, room '' for the first page; filter 1: unread only, large
--       rooms left in; 2: large only
-- Answers 0 MOVED, or { 1 when there may be more, room id, row, ... }
local slot, version, limit, filter, last_at, room, user = unpack_('>HI4I4BI6Hc0Hc0', ARGV[1])
if not generation(slot, version) then return 0 end
local answer, n, offset, stretch = { 0 }, 0, 0, 128
local from = room == '' and '+inf' or string.format('%.0f', last_at)

local function wanted(row)
  if filter == 0 then return true end
  local large = band(row.flags, row_large) ~= 0
  return large or (filter == 1 and unread_of(row) > 0)
end

while true do
  local page = call('ZREVRANGEBYSCORE', slot .. ':z:' .. user, from, '-inf', 'WITHSCORES',
    'LIMIT', offset, stretch)
  if #page == 0 then break end
  for i = 1, #page, 2 do
    local id = page[i]
    -- Of the same time the greater id comes first, compared as bytes.
    local before = room ~= '' and tonumber(page[i + 1]) == last_at and not below(id, room)
    if not before then
      local raw = call('HGET', slot .. ':f:' .. user, id)
      local row = raw and parse_row(raw)
      if row and wanted(row) then
        if n == limit then
          answer[1] = 1
          return answer
        end
        n = n + 1
        answer[2 * n], answer[2 * n + 1] = id, raw
      end
    end
  end
  offset = offset + stretch
end
return answer
