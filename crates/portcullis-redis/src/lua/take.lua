-- Takes what an older layout gave of a subject, as far as it is not there: 1 unless all
-- had been taken.
if redis.call('ZSCORE', user, 'm') then
  return 0
end
redis.call('ZADD', user, '-inf', '')
if ask.all then
  redis.call('ZADD', user, -2, 'm')
  stays(now + 2 * TICKET_LIFE / 1000)
  return 1
end
redis.call('HSETNX', key('cut'), '', '')
redis.call('ZADD', key('feed'), '-inf', '')
local old_mark, old_cut_off = tonumber(ask.log_out or ''), log_out(ask.cut_off)
local mark, cut_off = log_outs()
if old_cut_off and old_cut_off.number > (cut_off and cut_off.number or 0) then
  redis.call('HSET', key('cut'), 'r:' .. ask.realm, ask.cut_off)
end
if old_mark and not mark then
  -- The number is a time in microseconds.
  local at = math.floor(old_mark / 1000)
  redis.call('ZADD', user, -1, 'o' .. text(old_mark) .. '|' .. text(at))
  stays(now + 2 * TICKET_LIFE / 1000)
end
for _, raw in ipairs(ask.sessions) do
  local row = cjson.decode(raw)
  local name = key('s', row.id)
  if redis.call('EXISTS', name) == 0 then
    if row.revoked then
      local ended = number(row, 'revoked')
      redis.call('SET', name, raw, 'PX', text(span(ended)))
      unlist(row, now + span(ended))
      stays(ended)
    else
      put(row)
    end
  end
end
for _, raw in ipairs(ask.tokens) do
  local token = cjson.decode(raw)
  local name = key('a', token.id)
  if redis.call('EXISTS', name) == 0 then
    if token.removed then
      redis.call('SET', name, raw, 'PX', text(span(number(token, 'removed'))))
    else
      redis.call('SET', name, raw)
      redis.call('ZADD', key('l', ask.subject), token.created, token.id)
    end
  end
end
return 1
