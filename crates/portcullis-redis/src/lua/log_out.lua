-- Writes down that a subject is logged out everywhere, from which moment on all its
-- sessions have ended: when. The rows are swept up afterwards.
if is_elsewhere() then
  return {'move'}
end
local mark = log_outs()
local latest = math.max(number(ask, 'number'), mark and mark.number or 0)
local entry = 'o' .. text(latest) .. '|' .. text(now)
redis.call('ZADD', user, '-inf', '', -1, entry)
for _, other in ipairs(redis.call('ZRANGEBYSCORE', user, -1, -1)) do
  if other ~= entry then
    redis.call('ZREM', user, other)
  end
end
read = false
tell('u|' .. ask.subject)
settle()
return text(now)
