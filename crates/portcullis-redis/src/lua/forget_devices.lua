-- Forgets the devices of sessions that were last refreshed before a moment: of how many.
local forgotten = 0
for _, name in ipairs(KEYS) do
  local good, row = pcall(load, name)
  if good and row and (row.agent or row.address) then
    local rotated = tonumber(row.rotated)
    if rotated and rotated < number(ask, 'since') then
      row.agent = nil
      row.address = nil
      redis.call('SET', name, cjson.encode(row), 'KEEPTTL')
      forgotten = forgotten + 1
    end
  end
end
return forgotten
