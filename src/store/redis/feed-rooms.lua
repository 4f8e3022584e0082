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

-- Takes one room in, if it comes after the page before and is wanted; true when the page is full.
local function take(id, at)
  if room ~= '' and (at > last_at or (at == last_at and not below(id, room))) then return false end
  local raw = call('HGET', slot .. ':f:' .. user, id)
  local row = raw and parse_row(raw)
  if not row or not wanted(row) then return false end
  if n == limit then
    answer[1] = 1
    return true
  end
  n = n + 1
  answer[2 * n], answer[2 * n + 1] = id, raw
  return false
end

local raw_head = call('HGET', slot .. ':f:' .. user, '')
local head = raw_head and parse_head(raw_head) or { top = '', top_at = 0 }
if head.top ~= '' then take(head.top, head.top_at) end
while true do
  local page = call('ZREVRANGEBYSCORE', slot .. ':z:' .. user, from, '-inf', 'WITHSCORES',
    'LIMIT', offset, stretch)
  if #page == 0 then break end
  for i = 1, #page, 2 do
    -- Of the same time the greater id comes first, compared as bytes.
    if page[i] ~= head.top and take(page[i], tonumber(page[i + 1])) then return answer end
  end
  offset = offset + stretch
end
return answer
