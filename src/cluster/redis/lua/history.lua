-- Decides after a restart or failover whether acknowledged writes were lost (G6). A log is kept
-- or lost from its end on, so a node whose count of acknowledged writes is still there lost none;
-- one that resigned or was declared dead left its last word in the log. When all others that
-- lived have testified likewise, nothing was lost; else all slots get a new generation.
-- ARGV[1] run id of the server; ARGV[2] node; ARGV[3] incarnation, empty when new here; ARGV[4]
-- writes acknowledged to it; ARGV[5] 1 when every write is on disk before it is acknowledged;
-- ARGV[6] 1 to wait for nobody; ARGV[7] a generation; then nodes known to have lived.
-- Answers `open`, `lost` (open, with new generations), or `wait`.
local run, node, incarnation, always = ARGV[1], ARGV[2], ARGV[3], ARGV[5]
local meta = redis.call('HMGET', 'meta', 'run', 'always')

local function open()
  redis.call('HSET', 'meta', 'run', run, 'always', always)
  redis.call('DEL', 'testimony')
  return 'open'
end

local function lose()
  local slots = redis.call('HGETALL', 'slots')
  for i = 1, #slots, 2 do
    local version, before = string.match(slots[i + 1], '^(%d+)%.?(.*)$')
    local generation = ARGV[7]
    -- Newer ones compare greater, also where the clock went back.
    if generation <= before then generation = before .. '0' end
    redis.call('HSET', 'slots', slots[i], version .. '.' .. generation)
  end
  open()
  return 'lost'
end

local function lostMine()
  if incarnation == '' then return false end
  if redis.call('HGET', 'nodes', node) == incarnation then
    return tonumber(redis.call('HGET', 'writes', node) or 0) < tonumber(ARGV[4])
  end
  local stored = redis.call('HGET', 'boots', node) or ''
  local boot, n, process = string.match(stored, '^(%d+) (%d+) (%S+)$')
  return not boot or boot .. '.' .. n .. '.' .. process ~= incarnation
end

if not meta[1] then return open() end
if meta[1] == run then
  if lostMine() then return lose() end
  return 'open'
end
if meta[2] == '1' and always == '1' then return open() end
if lostMine() or ARGV[6] == '1' then return lose() end
if redis.call('HGET', 'testimony', 'run') ~= run then
  redis.call('DEL', 'testimony')
  redis.call('HSET', 'testimony', 'run', run)
end
-- A new process knows nothing of what the one before it was acknowledged.
if incarnation ~= '' then redis.call('HSET', 'testimony', '@' .. node, 'kept') end
local witnesses = redis.call('HKEYS', 'nodes')
for i = 8, #ARGV do table.insert(witnesses, ARGV[i]) end
for _, witness in ipairs(witnesses) do
  if redis.call('HEXISTS', 'testimony', '@' .. witness) == 0 then return 'wait' end
end
return open()
