-- In a shard of the older layout: drops what was taken, and leaves what nodes of the
-- older version fail at.
local MOVED = 'moved '
local ids = {s = {}, a = {}}
local lists = {}
for _, name in ipairs(KEYS) do
  local kind, id = string.match(name, '^{[^}]*}:(.):(.*)$')
  if ids[kind] then
    local raw = redis.call('GET', name)
    if raw and string.sub(raw, 1, #MOVED) == MOVED then
      redis.call('SET', name, MOVED, 'KEEPTTL')
      if redis.call('PTTL', name) < 0 then
        -- Those nodes will have been replaced.
        redis.call('PEXPIRE', name, 7 * 86400 * 1000)
      end
    end
    table.insert(ids[kind], id)
  else
    lists[kind] = name
  end
end
for kind, list in pairs({s = lists.i, a = lists.l}) do
  for _, id in ipairs(ids[kind]) do
    redis.call('ZREM', list, id)
  end
end
return 1
