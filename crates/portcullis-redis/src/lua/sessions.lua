-- The time, and the sessions of a subject that have not been revoked.
local rows = {text(now)}
for _, id in ipairs(redis.call('ZRANGE', key('i', ask.subject), 0, -1)) do
  local good, row, raw = pcall(load_session, id)
  if not good then
    -- One that cannot be read must not hide the others; the caller says so.
    rows[#rows + 1] = redis.call('GET', key('s', id)) or nil
  elseif row and not row.revoked then
    rows[#rows + 1] = raw
  end
end
return rows
