-- The live application tokens of a subject, the oldest first.
local rows = {}
for _, id in ipairs(redis.call('ZRANGE', key('l', ask.subject), 0, -1)) do
  local token = load_token(id)
  if token and not token.removed then
    rows[#rows + 1] = cjson.encode(token)
  end
end
return rows
