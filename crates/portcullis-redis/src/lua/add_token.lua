-- Lists an application token unless there is a reason against it. It never
-- expires, so neither do its keys.
if overtaken() then
  return 'overtaken'
end
local name = key('a', ask.token.id)
local known = load(name)
if known then
  return known.removed and 'overtaken' or 'added'
end
local list = key('l', ask.subject)
if redis.call('ZCARD', list) >= number(ask, 'limit') then
  return 'limit'
end
redis.call('SET', name, cjson.encode(ask.token))
redis.call('ZADD', list, ask.token.created, ask.token.id)
return 'added'
