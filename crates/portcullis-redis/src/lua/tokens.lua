-- The live application tokens of a subject, the oldest first. The first look is at the
-- list alone: for most subjects there is none.
if is_elsewhere() then
  return {'move'}
end
local ids = redis.call('ZRANGE', key('l', ask.subject), 0, -1)
if #ids == 0 then
  return {}
end
local missing = undeclared('a', ids)
if missing then
  missing[#missing + 1] = tag .. ':cut'
  return missing
end
local rows = {}
for _, id in ipairs(ids) do
  local good, token = pcall(load_token, id)
  if not good then
    -- One that cannot be read must not hide the others; the caller says so.
    local raw = redis.pcall('GET', key('a', id))
    rows[#rows + 1] = type(raw) == 'string' and raw or ''
  elseif token and not token.removed then
    rows[#rows + 1] = cjson.encode(token)
  end
end
return rows
