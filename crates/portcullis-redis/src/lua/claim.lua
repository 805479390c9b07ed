-- The time, when this server was confirmed last, and whether the caller is to do so
-- now. This changes nothing, but only a server that may be written to lets it pass.
redis.call('PERSIST', proof)
local at = confirmed_at()
local answer = {text(now), at and text(at) or false, 0}
if at and now - at <= tonumber(ask.max_age) then
  return answer
end
local till = tonumber(field('till') or '0')
local lasts = tonumber(ask.lasts)
if till > now and till <= now + lasts and field('holder') ~= ask.holder then
  return answer
end
redis.call('HSET', proof, 'holder', ask.holder, 'till', text(now + lasts))
answer[3] = 1
return answer
