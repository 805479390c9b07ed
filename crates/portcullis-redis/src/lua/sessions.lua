-- Some of the sessions of a subject, by when they began, those that are over included:
-- the time, where to go on, and the rows.
if is_elsewhere() then
  return {'move'}
end
local _, ids, next = sessions_behind(ask.after, number(ask, 'many'))
local missing = undeclared('s', ids)
if missing then
  return missing
end
local rows = {}
for _, id in ipairs(ids) do
  local good, row, raw = pcall(load_session, id)
  if not good then
    -- One that cannot be read must not hide the others; the caller says so.
    raw = redis.pcall('GET', key('s', id))
    rows[#rows + 1] = type(raw) == 'string' and raw or ''
  elseif row and not row.revoked then
    rows[#rows + 1] = raw
  end
end
return {text(now), next, rows}
