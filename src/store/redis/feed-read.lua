-- @include lib.lua
-- @include feed.lua
-- Entries of a feed after a position, with its bounds. A feed that is asked for begins to be, so
-- that a position in it can be told.
--
-- KEYS  none (lib.lua)
-- ARGV  1 fence, 2 `H slot I4 version I4 after I4 limit H user` and random text
-- Answers 0 MOVED, or { n, floor, epoch, total, n of the first, { entry, epoch NUL room id, ... } }
if not live(ARGV[1]) then return fenced end
local slot, version, after, limit, user, at = unpack_('>HI4I4I4Hc0', ARGV[2])
local gen = generation(slot, version)
if not gen then return 0 end
local key = slot .. ':f:' .. user
local raw = call('HGET', key, '')
local head
if raw then
  head = parse_head(raw)
else
  head = begin_feed(slot, user, sub(ARGV[2], at))
  call('HSET', key, '', head_bytes(head))
end
local from, found, names = math.max(after, head.floor), {}, {}
local entries = {}
if limit > 0 and from < head.n then
  entries = call('LRANGE', slot .. ':e:' .. user, from - head.floor, from - head.floor + limit - 1)
end
for i = 1, #entries do
  local alias = unpack_('>I4', entries[i])
  local name = names[alias]
  if name == nil then
    name = alias > 0 and call('HGET', key, '\0' .. alias) or ''
    names[alias] = name
  end
  found[2 * i - 1], found[2 * i] = entries[i], name
end
return { head.n, head.floor, epoch_in(head.epoch, gen), head.total, from + 1, found }
