-- Tells entries of large rooms and channels to the nodes that joined them: one publication a
-- node, whatever the number of members and of entries in this call.
-- ARGV[1] `<node> <incarnation>`; then four a item: slot, version, room, body (whole lines).
-- Answers `ok` or `moved` an item.
-- @include lib.lua
local answers, bodies = {}, {}
for i = 2, #ARGV, 4 do
  local slot, key = ARGV[i], ARGV[i] .. ':n:' .. ARGV[i + 2]
  local answer = 'moved'
  if owns(slot, ARGV[i + 1]) then
    local nodes = redis.call('HGETALL', key)
    for j = 1, #nodes, 2 do
      local node = nodes[j]
      if alive(node, nodes[j + 1]) then
        bodies[node] = bodies[node] or {}
        table.insert(bodies[node], ARGV[i + 3])
      else
        redis.call('HDEL', key, node)
      end
    end
    answer = 'ok'
  end
  answers[#answers + 1] = answer
end
for node, list in pairs(bodies) do publish(node, 'R', table.concat(list)) end
return answers
