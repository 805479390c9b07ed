-- Takes the application tokens of a subject off the list that were there before it was
-- logged out: those that were live. The first look is at the list alone: for most
-- subjects there is none.
local ids = redis.call('ZRANGE', key('l', ask.subject), 0, -1)
if #ids == 0 then
  return {ids}
end
local missing = undeclared('a', ids)
if missing then
  missing[#missing + 1] = tag .. ':feed'
  missing[#missing + 1] = tag .. ':cut'
  return missing
end
local last = {number = number(ask, 'number'), at = number(ask, 'at')}
-- Not the words of a script: ids may be any.
return {remove_those(ask.subject, ids, last)}
