-- Stands before every script of this folder: fencing, slots, and the words that all use.
--
-- The server hashes every byte of each text that a script makes, and looks it up: what is made for
-- each item is packed in one go (`c0` takes a text whole), and numbers become text once.
--
-- Scripts take no KEYS. They build each key from a slot and an id that came in ARGV, so that one
-- call serves many rooms or users (group commit); keys.ts names all keys. This needs a server
-- that is no Redis Cluster, which a shard never is.
local call, pack, unpack_ = redis.call, struct.pack, struct.unpack
local band, bor = bit.band, bit.bor
local sub, byte, char = string.sub, string.byte, string.char
local concat = table.concat

-- G7: whether `<node> <incarnation>` is live on this shard. Each writing script asks first.
local function live(fence)
  local node, incarnation = string.match(fence, '^(%S+) (%S+)$')
  return node ~= nil and call('HGET', 'nodes', node) == incarnation
end
local fenced = redis.error_reply('FENCED this incarnation is not live here')

-- Reads many slots in one command, where a script knows them beforehand.
local slots = {}
local function know_slots(list)
  if #list == 0 then return end
  local values = call('HMGET', 'slots', unpack(list))
  for i = 1, #list do
    local number, gen = string.match(values[i] or '', '^(%d+)%.?(.*)$')
    slots[list[i]] = { tonumber(number), gen, tostring(list[i]) }
  end
end

-- The generation of a slot that this shard owns at this version ('' for none), or false: MOVED.
local function generation(slot, version)
  if slots[slot] == nil then know_slots({ slot }) end
  local known = slots[slot]
  if known[1] ~= version then return false end
  return known[2]
end

-- A slot's number as text, for keys; once it is known.
local function text_of(slot)
  return slots[slot][3]
end

-- An epoch that changes when the history of its shard may have been cut (G6).
local function epoch_in(own, gen)
  if gen == '' then return own end
  return own .. '.' .. gen
end
