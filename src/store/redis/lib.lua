-- Stands before every script of this folder: fencing, slots, and the words that all use.
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

-- The generation of a slot that this shard owns at this version ('' for none), or false: MOVED.
local slots = {}
local function generation(slot, version)
  local known = slots[slot]
  if known == nil then
    local value = call('HGET', 'slots', slot) or ''
    local number, gen = string.match(value, '^(%d+)%.?(.*)$')
    known = { tonumber(number), gen }
    slots[slot] = known
  end
  if known[1] ~= version then return false end
  return known[2]
end

-- An epoch that changes when the history of its shard may have been cut (G6).
local function epoch_in(own, gen)
  if gen == '' then return own end
  return own .. '.' .. gen
end
