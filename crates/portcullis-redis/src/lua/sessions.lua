-- The time, and the sessions of a subject that have not been revoked.
local rows = {text(now)}
for _, id in ipairs(redis.call('ZRANGE', key('i', ask.subject), 0, -1)) do
  local raw = redis.call('GET', key('s', id))
  if raw then
    rows[#rows + 1] = raw
  end
end
return rows
