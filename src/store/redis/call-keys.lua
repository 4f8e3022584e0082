-- What became of calls, by key, while the window lasts (G3).
--
-- Kept a slot, not a room, in hashes small enough to stay packed: generations that hold more the
-- fuller the window gets, each expiring whole. `12:g` lists them as I4 id, H parts, I6 opened;
-- `12:k<id>:<part>` maps 12 bytes of digest of (room, by, key) to I4 seq, I6 at, I6 noted, digest.
local part_limit = 100
local most_parts = 32768
local generations = {}

local function parse_window(raw, now, window)
  local list, at = {}, 1
  while at < #raw do
    local id, parts, opened
    id, parts, opened, at = unpack_('>I4HI6', raw, at)
    -- A generation takes keys for half a window, and is kept for a whole one after that.
    if window == 0 or opened + window * 1.5 > now then
      list[#list + 1] = { id = id, parts = parts, opened = opened }
    end
  end
  return list
end

local function know_windows(list, now, window)
  local keys = {}
  for i = 1, #list do keys[i] = list[i] .. ':g' end
  local found = #keys > 0 and call('MGET', unpack(keys)) or {}
  for i = 1, #list do generations[list[i]] = parse_window(found[i] or '', now, window) end
end

local function bucket(slot, generation, hash)
  local part = (byte(hash, 1) * 256 + byte(hash, 2)) % generation.parts
  return slot .. ':k' .. generation.id .. ':' .. part
end

-- The record of a call, or nil.
local function find_call(st, hash, now, window)
  local list = st.window
  for i = #list, 1, -1 do
    local raw = call('HGET', bucket(st.slot, list[i], hash), hash)
    if raw then
      local seq, at, noted = unpack_('>I4I6I6', raw)
      if window > 0 and noted + window <= now then return nil end
      return { seq = seq, at = at, digest = sub(raw, 17) }
    end
  end
  return nil
end

local function open_generation(slot, list, now, window)
  local newest = list[#list]
  local aged = newest and window > 0 and newest.opened + window / 2 <= now
  local parts = 1
  if newest then
    -- After a busy half window the next begins near the size that was needed.
    parts = aged and math.max(1, newest.parts / 8) or math.min(most_parts, newest.parts * 8)
  end
  local opened = { id = newest and newest.id + 1 or 1, parts = parts, opened = now }
  list[#list + 1] = opened
  local raw = {}
  for i, one in ipairs(list) do raw[i] = pack('>I4HI6', one.id, one.parts, one.opened) end
  call('SET', slot .. ':g', concat(raw))
  if window > 0 then call('PEXPIRE', slot .. ':g', window * 2) end
  return opened
end

local function note_call(st, hash, digest, seq, at, now, window)
  local slot, list = st.slot, st.window
  local newest = list[#list]
  local held = 1
  if newest and (window == 0 or newest.opened + window / 2 > now) then
    -- A lone part is measured now and then: it may pass its limit by a few.
    if newest.parts > 1 or byte(hash, 3) % 8 == 0 then
      held = call('HLEN', bucket(slot, newest, hash))
    end
    if held >= part_limit and newest.parts < most_parts then newest = nil end
  else
    newest = nil
  end
  if newest == nil then
    newest = open_generation(slot, list, now, window)
    held = 0
  end
  local key = bucket(slot, newest, hash)
  call('HSET', key, hash, pack('>I4I6I6c0', seq, at, now, digest))
  if held == 0 and window > 0 then call('PEXPIRE', key, window * 2) end
end
