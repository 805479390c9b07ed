-- Whether a token was revoked itself, or its subject or everybody was logged out at or
-- after a moment.
if is_elsewhere() then
  return {'move'}
end
if ask.token then
  local till = redis.call('GET', key('t', ask.token))
  if till and tonumber(till) > now then
    return 1
  end
end
if ask.since then
  local since = number(ask, 'since')
  local mark, cut_off = log_outs()
  if mark and mark.at >= since or cut_off and cut_off.at >= since then
    return 1
  end
end
return 0
