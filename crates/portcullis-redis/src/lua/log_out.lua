-- Writes down that a subject is logged out everywhere, from which moment on all its
-- sessions have ended: when. The rows are swept up afterwards. Application tokens, which no
-- mark outlives, go at once: which, if the caller knows of any.
if is_elsewhere() then
  return {'move'}
end
local list = tag .. ':l:' .. ask.subject
local ids = declared[list] and redis.call('ZRANGE', list, 0, -1) or {}
local missing = undeclared('a', ids)
if missing then
  return missing
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
local removed = remove_those(ask.subject, ids, {number = latest, at = now})
settle()
return {text(now), removed}
