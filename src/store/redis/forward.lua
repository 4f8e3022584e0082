-- @include lib.lua
-- @include feed.lua
-- Takes items into the feeds of their users, and publishes them to the nodes that hold the
-- users' connections: once a node for the whole call. One atomic step (G4, G5).
--
-- KEYS  none (lib.lua)
-- ARGV  1 fence, 2 `I4 feedEntries I6 feedAgeMs I6 now` and random text, then two an item:
--       the item  `I4 seq I4 count I6 at I4 version B kind B flags H room H epoch H by H subject
--                 H key H method I4 params`, passed on as it is
--       its users `H slot I4 version I4 since H user`, one after the other
-- Answers one list an item of what was not taken: place of the user, and 0 MOVED or the seq that
--       is next for its feed
if not live(ARGV[1]) then return fenced end
local feed_entries, feed_age, now, random_at = unpack_('>I4I6I6', ARGV[2])
local random = sub(ARGV[2], random_at)
local message_kind, remove_kind, purge_kind, read_kind, user_kind = 2, 6, 9, 10, 11
local item_large = 1

-- What each node is told: parts of one publication.
local told, nodes = {}, nil

local function live_nodes()
  if nodes == nil then
    nodes = {}
    local flat = call('HGETALL', 'nodes')
    for i = 1, #flat, 2 do nodes[flat[i] .. ' ' .. flat[i + 1]] = flat[i] end
  end
  return nodes
end

local function parse_item(raw)
  local item, at = { raw = raw }, 0
  item.seq, item.count, item.at, item.version, item.kind, item.flags, item.room, item.epoch,
    item.by, item.subject, at = unpack_('>I4I4I6I4BBHc0Hc0Hc0Hc0', raw)
  item.behind = at
  local nul = string.find(item.room, '\0', 1, true)
  item.prefix = nul or 0
  item.id = sub(item.room, item.prefix + 1)
  item.by_user = sub(item.room, 1, item.prefix) .. item.by
  item.subject_user = sub(item.room, 1, item.prefix) .. item.subject
  item.large = band(item.flags, item_large) ~= 0
  return item
end

-- Adds one user to what its nodes are told of an item.
local function tell(item, slot, user, head, gen, unread)
  local sessions = call('HVALS', slot .. ':c:' .. user)
  if #sessions == 0 then return end
  local known, seen = live_nodes(), {}
  local line
  for i = 1, #sessions do
    local node = known[sessions[i]]
    if node and not seen[node] then
      seen[node] = true
      line = line or pack('>Hc0Hc0I4I4I4', #user, user, #head.epoch + (gen == '' and 0 or #gen + 1),
        epoch_in(head.epoch, gen), head.n, unread, head.total)
      local parts = told[node]
      if parts == nil then
        parts = {}
        told[node] = parts
      end
      local last = parts[#parts]
      if last == nil or last.item ~= item then
        last = { item = item, lines = {} }
        parts[#parts + 1] = last
      end
      last.lines[#last.lines + 1] = line
    end
  end
end

-- Takes entries off the old end; with the end of a membership its row and alias go too.
local function forget(slot, user, head, n)
  for _ = 1, n do
    local entry = call('LPOP', slot .. ':e:' .. user)
    head.floor = head.floor + 1
    local alias, _, kind = unpack_(entry_format, entry)
    if alias > 0 and kind >= whole then
      local key, field = slot .. ':f:' .. user, '\0' .. alias
      local named = call('HGET', key, field)
      call('HDEL', key, field)
      local room = named and string.match(named, '%z(.*)$')
      local raw = room and call('HGET', key, room)
      if raw and parse_row(raw).alias == alias then call('HDEL', key, room) end
    end
  end
end

-- A feed keeps so many entries for so long; some of the old ones go with each new one.
local function bound(slot, user, head)
  local over = head.n - head.floor - feed_entries
  if feed_entries > 0 and over > 0 then forget(slot, user, head, over) end
  if feed_age == 0 or head.oldest + feed_age > now then return end
  local aged, stretch = 0, call('LRANGE', slot .. ':e:' .. user, 0, 63)
  for i = 1, #stretch do
    local _, _, _, at = unpack_(entry_format, stretch[i])
    head.oldest = at
    if at + feed_age > now then break end
    aged = aged + 1
  end
  forget(slot, user, head, aged)
end

local function place(item, slot, user, head, alias, keep_whole)
  local kind, rest = item.kind, item.by
  if keep_whole then
    local _, method, at = unpack_('>Hc0Hc0', item.raw, item.behind)
    local params = unpack_('>I4c0', item.raw, at)
    kind = kind + whole
    rest = pack('>Hc0Hc0', #item.by, item.by, #method, method) .. params
  elseif item.by_user == user then
    rest = ''
  end
  if head.n == head.floor then head.oldest = item.at end
  head.n = head.n + 1
  call('RPUSH', slot .. ':e:' .. user, 
    pack(entry_packed, alias, item.seq, kind, item.at, rest))
  bound(slot, user, head)
end

-- Whether the item's history goes on from the row's, after the shard lost its tail (G6): what it
-- wrote since is new whatever the numbers say; what an older history says is no more.
local function other_history(item, row)
  local own, gen = string.match(row.epoch, '^([^.]*)%.?(.*)$')
  local item_own, item_gen = string.match(item.epoch, '^([^.]*)%.?(.*)$')
  if own ~= item_own then return 'other' end
  return item_gen < gen and 'older' or 'newer'
end

-- Whether an item comes after what the row has: 'skip', 'take', or the seq that is next.
local function in_line(item, row, since)
  local history = row and row.epoch ~= item.epoch and other_history(item, row) or nil
  if history == 'older' then return 'skip' end
  local known = row ~= nil and history == nil
  if item.kind == read_kind then
    if not known or band(row.flags, row_ended) ~= 0 then return 'skip' end
    return item.version > row.reads and 'take' or 'skip'
  end
  if known and item.seq <= row.seq then return 'skip' end
  if item.seq == since then return 'take' end
  if row == nil or history == 'other' or row.seq < since then return since end
  if history == 'newer' then return item.seq <= row.seq + 1 and 'take' or row.seq + 1 end
  if band(row.flags, row_ended) ~= 0 then return 'skip' end
  -- Of large rooms only the memberships that concern a user come by, so gaps are none.
  local counted = band(row.flags, row_large) == 0
  if counted and item.seq ~= row.seq + 1 then return row.seq + 1 end
  return 'take'
end

-- A row of its own for each membership: what was before it is not the user's to count.
local function begin_row(item, key, head, row, since, user)
  head.aliases = head.aliases + 1
  call('HSET', key, '\0' .. head.aliases, item.epoch .. '\0' .. item.id)
  if row and item.seq ~= since then
    -- The same membership in another history: what was read stays read.
    row.alias, row.epoch, row.reads, row.flags = head.aliases, item.epoch, 0, 0
    row.count, row.read = item.count, math.min(row.read, item.count)
    return row
  end
  -- A room may begin for someone with a message where its log was trimmed before it.
  local message = item.kind == message_kind
  return {
    alias = head.aliases, since = since, seq = since, last_at = item.at,
    last_message = message and since or 0, count = item.count,
    read = message and item.by_user ~= user and item.count - 1 or item.count,
    reads = 0, flags = 0, epoch = item.epoch,
  }
end

-- What an item does to the row of its room.
local function change(item, row, user)
  if item.kind == read_kind then
    row.reads = item.version
    if item.by_user == user then row.read = math.max(row.read, item.count) end
    return
  end
  row.seq, row.count = item.seq, math.max(row.count, item.count)
  if item.kind == message_kind then
    row.last_message, row.last_at = item.seq, math.max(row.last_at, item.at)
    if item.by_user == user then row.read = item.count end
  end
  if item.large then row.flags = bor(row.flags, row_large) end
end

-- The room list's order: whoever writes in the room on top changes the head alone. `top_at` stays
-- when the room on top goes, so that nothing below it is ever taken for the top.
local function raise(slot, user, head, id, at)
  if id ~= head.top then
    local lower = at < head.top_at
      or (at == head.top_at and (head.top == '' or below(id, head.top)))
    if lower then
      call('ZADD', slot .. ':z:' .. user, at, id)
      return
    end
    if head.top ~= '' then call('ZADD', slot .. ':z:' .. user, head.top_at, head.top) end
    head.top = id
  end
  head.top_at = math.max(at, head.top_at)
end

local function take_room(item, slot, user, head, raw, since, gen)
  local key = slot .. ':f:' .. user
  local row = raw and parse_row(raw) or nil
  local verdict = in_line(item, row, since)
  if verdict == 'skip' then return nil end
  if verdict ~= 'take' then return verdict end
  local before = row and unread_of(row) or 0
  local known_at = 0
  if row == nil or row.epoch ~= item.epoch
    or (item.kind ~= read_kind and item.seq == since) then
    row = begin_row(item, key, head, row, since, user)
  else
    known_at = row.last_at
  end
  change(item, row, user)
  local ends = item.kind == purge_kind or (item.kind == remove_kind and item.subject_user == user)
  if ends then
    row.flags = bor(row.flags, row_ended)
    call('ZREM', slot .. ':z:' .. user, item.id)
    if head.top == item.id then head.top = '' end
  elseif row.last_at ~= known_at then
    raise(slot, user, head, item.id, row.last_at)
  end
  local unread = unread_of(row)
  head.total = head.total + unread - before
  place(item, slot, user, head, row.alias, ends)
  call('HSET', key, '', head_bytes(head), item.id, row_bytes(row))
  tell(item, slot, user, head, gen, unread)
  return nil
end

local function take(item, slot, user, since, gen)
  local key = slot .. ':f:' .. user
  if item.kind == user_kind then
    local raw = call('HGET', key, '')
    local head = raw and parse_head(raw) or begin_feed(slot, user, random)
    place(item, slot, user, head, 0, true)
    call('HSET', key, '', head_bytes(head))
    tell(item, slot, user, head, gen, 0)
    return nil
  end
  local known = call('HMGET', key, '', item.id)
  local head = known[1] and parse_head(known[1]) or begin_feed(slot, user, random)
  return take_room(item, slot, user, head, known[2], since, gen)
end

local function know()
  local list, seen = {}, {}
  for i = 4, #ARGV, 2 do
    local users, at = ARGV[i], 1
    while at <= #users do
      local slot, bytes, _
      slot, _, _, bytes, at = unpack_('>HI4I4H', users, at)
      at = at + bytes
      if not seen[slot] and #list < 4096 then
        seen[slot] = true
        list[#list + 1] = slot
      end
    end
  end
  know_slots(list)
end

know()
local answers = {}
for i = 3, #ARGV, 2 do
  local item, users, at, index, refused = parse_item(ARGV[i]), ARGV[i + 1], 1, 0, {}
  while at <= #users do
    local slot, version, since, user
    slot, version, since, user, at = unpack_('>HI4I4Hc0', users, at)
    local gen = generation(slot, version)
    local next_seq = 0
    if gen then next_seq = take(item, text_of(slot), user, since, gen) end
    if next_seq then
      refused[#refused + 1] = index
      refused[#refused + 1] = next_seq
    end
    index = index + 1
  end
  answers[#answers + 1] = refused
end

for node, parts in pairs(told) do
  -- Trap 13: each publication has its number on this (node, shard), so that a lost one shows.
  local number = call('HINCRBY', 'pubs', node, 1)
  -- One concatenation: the server hashes every byte of each text that a script makes.
  local body, n = { 'F', string.format('%.0f', number), '\n' }, 3
  for i = 1, #parts do
    local item, lines = parts[i].item, parts[i].lines
    body[n + 1], body[n + 2] = pack('>I4', #item.raw), item.raw
    body[n + 3] = pack('>I4', #lines)
    n = n + 3
    for j = 1, #lines do body[n + j] = lines[j] end
    n = n + #lines
  end
  call('PUBLISH', 'n:' .. node, concat(body))
end
return answers
