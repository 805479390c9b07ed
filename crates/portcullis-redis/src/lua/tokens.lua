-- The live application tokens of a subject, the oldest first.
local rows = {}
for _, id in ipairs(redis.call('ZRANGE', key('l', ask.subject), 0, -1)) do
  local raw = redis.call('GET', key('a', id))
  if raw then
    rows[#rows + 1] = raw
  end
end
return rows
