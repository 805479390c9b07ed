-- How long what is over is kept: the longest time that anybody has asked for.
local kept = redis.call('GET', KEYS[1])
local longest = tonumber(kept or '0')
if not longest then
  error('CORRUPT keep')
end
if tonumber(ask.at_least) > longest then
  redis.call('SET', KEYS[1], ask.at_least)
  return ask.at_least
end
return text(longest)
