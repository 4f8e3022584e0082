-- Shared by the cluster's scripts. ARGV[1] is `<node> <incarnation>` of the caller; whether it is
-- still the one that may write was checked by the lines that shards.ts puts before each script.

-- Whether the shard owns the slot in the version that the caller believes; if not: MOVED.
local function owns(slot, version)
  local field = redis.call('HGET', 'slots', slot)
  return field and string.match(field, '^%d+') == version
end

local incarnations = {}
local function alive(node, incarnation)
  if incarnations[node] == nil then incarnations[node] = redis.call('HGET', 'nodes', node) end
  return incarnations[node] == incarnation
end

-- Numbered, so that the node sees when one was lost (trap 13).
local function publish(node, kind, body)
  local n = redis.call('HINCRBY', 'pubs', node, 1)
  redis.call('PUBLISH', 'n:' .. node, kind .. n .. '\n' .. body)
end
