-- Takes the application tokens of a subject off the list that were there before it was
-- logged out: those that were live. The first look is at the list alone: for most
-- subjects there is none.
local ids = redis.call('ZRANGE', key('l', ask.subject), 0, -1)
if #ids == 0 then
  return {}
end
local missing = undeclared('a', ids)
if missing then
  missing[#missing + 1] = tag .. ':feed'
  missing[#missing + 1] = tag .. ':cut'
  return missing
end
local last = {number = number(ask, 'number'), at = number(ask, 'at')}
local removed = {}
for _, id in ipairs(ids) do
  local token, cut_off = load_token(id)
  if token and is_before(token, last) then
    if not token.removed then
      remove_token(token)
      removed[#removed + 1] = id
    elseif cut_off then
      remove_token(token)
    end
  end
end
return removed
