-- Forgets who a subject was in sessions that have ended, so many behind the first ones:
-- how many were looked at.
local behind, many = number(ask, 'behind'), number(ask, 'many')
local ids = redis.call('ZRANGEBYSCORE', user, '(-inf', '(-9', 'LIMIT', behind, many)
for i, entry in ipairs(ids) do
  ids[i] = string.sub(entry, 2)
end
local missing = undeclared('s', ids)
if missing then
  return missing
end
for _, id in ipairs(ids) do
  -- As it is kept, not as it is judged.
  local good, row = pcall(load, key('s', id))
  if good and row and row.subject == ask.subject then
    row.agent = nil
    row.address = nil
    row.grant = ask.grant
    redis.call('SET', key('s', id), cjson.encode(row), 'KEEPTTL')
  end
end
return text(#ids)
