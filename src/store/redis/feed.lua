-- Feeds: their head, rows and entries; for scripts that read or write them.
--
-- `12:f:{user}` hash: '' → head, room id → row, NUL alias → epoch NUL room id.
--   head  I4 n, I4 floor, I4 aliases, I4 total, I6 at of the oldest, I6 lastAt and
--         H room id of the room on top of the list, then the feed's own epoch
--   row   I4 alias, I4 since, I4 seq, I6 lastAt, I4 lastMessage, I4 count, I4 read, I4 reads,
--         B flags, then the room's epoch
-- `12:e:{user}` list: entries floor + 1 … n, each I4 alias, I4 seq, B kind, I6 at, then
--         the sender ('' for the user), or with `whole` added to kind: H by, H method, params
-- `12:z:{user}` sorted set: room ids by lastAt; of the room on top the head knows it, the set's is
--         old or missing
local entry_format, head_format, row_format = '>I4I4BI6', '>I4I4I4I4I6I6Hc0', '>I4I4I4I6I4I4I4I4B'
local head_packed, row_packed = head_format .. 'c0', row_format .. 'c0'
local entry_packed = entry_format .. 'c0'
local whole = 128
local row_large, row_ended = 1, 2

local function parse_head(raw)
  local n, floor, aliases, total, oldest, top_at, top, at = unpack_(head_format, raw)
  return { n = n, floor = floor, aliases = aliases, total = total, oldest = oldest,
    top_at = top_at, top = top, epoch = sub(raw, at) }
end

local function head_bytes(head)
  return pack(head_packed, head.n, head.floor, head.aliases, head.total, head.oldest,
    head.top_at, #head.top, head.top, head.epoch)
end

local function parse_row(raw)
  local row, at = {}, 0
  row.alias, row.since, row.seq, row.last_at, row.last_message, row.count, row.read, row.reads,
    row.flags, at = unpack_(row_format, raw)
  row.epoch = sub(raw, at)
  return row
end

local function row_bytes(row)
  return pack(row_packed, row.alias, row.since, row.seq, row.last_at, row.last_message, row.count,
    row.read, row.reads, row.flags, row.epoch)
end

local function unread_of(row)
  if band(row.flags, row_large + row_ended) ~= 0 or row.count <= row.read then return 0 end
  return row.count - row.read
end

-- A feed that begins: its epoch is random, so that a cursor of another feed means nothing in it.
local begun = 0
local function begin_feed(slot, user, random)
  begun = begun + 1
  call('ZADD', slot .. ':i', 0, 'u' .. user)
  return { n = 0, floor = 0, aliases = 0, total = 0, oldest = 0,
    top_at = 0, top = '', epoch = random .. begun }
end

-- Whether one text comes before another by its bytes; `<` would ask the locale.
local function below(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = byte(a, i), byte(b, i)
    if x ~= y then return x < y end
  end
  return #a < #b
end
