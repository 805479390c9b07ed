-- Lists an application token unless there is a reason against it. It never
-- expires, so neither do its keys.
if is_elsewhere() then
  return {'move'}
end
if overtaken() then
  return 'overtaken'
end
local name = key('a', ask.token.id)
local known = load_token(ask.token.id)
if known then
  return known.removed and 'overtaken' or 'added'
end
local list = key('l', ask.subject)
-- Those that were cut off make room. One that cannot be read keeps nobody out.
if cut_off_of(ask.subject) then
  local ids = redis.call('ZRANGE', list, 0, -1)
  local missing = undeclared('a', ids)
  if missing then
    return missing
  end
  for _, id in ipairs(ids) do
    local good, token, cut_off = pcall(load_token, id)
    if good and cut_off then
      remove_token(token)
    end
  end
  trim(now - tonumber(ask.keep))
end
if redis.call('ZCARD', list) >= number(ask, 'limit') then
  return 'limit'
end
redis.call('SET', name, cjson.encode(ask.token))
redis.call('ZADD', list, ask.token.created, ask.token.id)
-- What every shard has in which there is a token.
redis.call('HSETNX', key('cut'), '', '')
redis.call('ZADD', key('feed'), '-inf', '')
return 'added'
