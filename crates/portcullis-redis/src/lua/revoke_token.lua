-- Revokes one access token until the latest end that is asked for.
local till = number(ask, 'until')
local name = key('t', ask.token)
local known = redis.call('GET', name)
if till <= now or till <= tonumber(known or '0') then
  return 0
end
redis.call('SET', name, ask['until'], 'PX', text(math.min(till - now, 2 ^ 52)))
local function entry(till)
  return 't|' .. till .. '|' .. string.len(ask.id) .. ':' .. ask.id .. ask.subject
end
tell(entry(ask['until']))
if known then
  redis.call('ZREM', key('feed'), entry(known))
end
trim(now - tonumber(ask.keep))
return 1
