-- Whether a token was revoked itself, or its subject or everybody was logged out at or
-- after a moment.
if ask.token then
  local till = redis.call('GET', key('t', ask.token))
  if till and tonumber(till) > now then
    return 1
  end
end
if ask.since then
  local since = number(ask, 'since')
  local at = redis.call('ZSCORE', feed, 'u|' .. ask.subject)
  local cut_off = cut_off_of(ask.subject)
  if at and tonumber(at) >= since or cut_off and cut_off.at >= since then
    return 1
  end
end
return 0
