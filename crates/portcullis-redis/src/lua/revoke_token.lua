-- Revokes one access token; the first time counts.
local left = number(ask, 'until') - now
if left <= 0 then
  return 0
end
local ttl = text(math.min(left, 2 ^ 52))
if not redis.call('SET', key('t', ask.id), text(now), 'NX', 'PX', ttl) then
  return 0
end
tell('t|' .. ask['until'] .. '|' .. string.len(ask.id) .. ':' .. ask.id .. ask.subject)
return 1
