-- Passes signals on to the nodes that hold their users: one publication a node.
-- ARGV[1] `<node> <incarnation>`; then four a item: slot, version, user, body (method and params,
-- a line each). Answers `ok` or `moved` an item.
-- @include lib.lua
local answers, told = {}, {}
for i = 2, #ARGV, 4 do
  local slot, user, body = ARGV[i], ARGV[i + 2], ARGV[i + 3]
  local answer = 'moved'
  if owns(slot, ARGV[i + 1]) then
    for _, connection in ipairs(redis.call('HVALS', slot .. ':c:' .. user)) do
      local node, incarnation = string.match(connection, '^(%S+) (%S+)$')
      if node and alive(node, incarnation) then
        told[node] = told[node] or { bodies = {}, users = {} }
        local here = told[node]
        if not here.users[body] then
          here.users[body] = {}
          table.insert(here.bodies, body)
        end
        local users = here.users[body]
        -- Several devices of a user on one node are one: its items come one after the other.
        if users[#users] ~= user then table.insert(users, user) end
      end
    end
    answer = 'ok'
  end
  answers[#answers + 1] = answer
end
for node, here in pairs(told) do
  local lines = {}
  for _, body in ipairs(here.bodies) do
    table.insert(lines, cjson.encode(here.users[body]) .. '\n' .. body)
  end
  publish(node, 'S', table.concat(lines))
end
return answers
