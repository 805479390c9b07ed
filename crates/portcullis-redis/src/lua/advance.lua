-- The common case of rotate.lua, in a script of its own: the current token of a session that
-- goes on is exchanged, and the row is as `encode` writes it. Whatever else is the case,
-- nothing is done here and the answer is nil: rotate.lua decides.
--
-- Without JSON, functions and tables, which take longer than all commands; and with few and
-- short texts, as the server hashes each of them whole. KEYS are in the order of `keys.rs`,
-- and ARGV in that of `attempt.rs`. Else the answer is the time, when the next token was
-- made, and both deadlines.
local now = tonumber(ARGV[12])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local raw = redis.call('GET', KEYS[2]) or ''
-- Whether it has ended or was forgiven late would come before the generation.
local generation, rotated, idle, absolute, kept, created, ticket = string.match(
  raw,
  '^{"generation":"(%d+)","rotated":"(%d+)","idle":"(%d+)","absolute":"(%d+)"'
    .. ',"kept":"(%d+)","created":"(%d+)","ticket":"(%d+)"'
)
if generation ~= ARGV[2] then
  return nil
end
-- Quotes within a text are escaped, so that it is found nowhere else.
local _, own = string.find(raw, ARGV[1], 1, true)
local made, ends, ttl = tonumber(rotated), tonumber(absolute), tonumber(ARGV[8])
if not own or now >= ends or now >= tonumber(idle) or now >= tonumber(ARGV[4]) then
  return nil
end
if ARGV[6] ~= '0' and generation ~= '0' then
  local age = math.min(now, tonumber(ARGV[5])) - made
  if math.max(age, 0) < tonumber(ARGV[6]) then
    return nil
  end
end
if redis.call('ZCOUNT', KEYS[3], '-1', '-1') ~= 0 then
  return nil
end
local cut_off = redis.call('HGET', KEYS[1], ARGV[7])
if cut_off then
  local last = string.match(cut_off, '^(%d+)|')
  if not last or tonumber(ticket) < tonumber(last) then
    return nil
  end
end
-- Texts that are known already need not be made. How long the row lasts is the last of them.
local left = ARGV[9]
if now > made then
  made = now
  rotated = string.format('%.0f', made)
end
local over = made + ttl
if over < ends then
  idle = string.format('%.0f', over)
else
  -- The text of the absolute deadline stays as it is, however large.
  idle, over = absolute, ends
end
if over - now ~= ttl then
  left = string.format('%.0f', math.max(1, over - now + left - ttl))
end
-- The subject's key lasts long enough, and no shorter than the row says: `settle` goes by
-- when the session began.
local spare = kept - now - left
if spare < 0 or spare > (over - created) / 4 then
  return nil
end
redis.call(
  'SET',
  KEYS[2],
  '{"generation":"' .. ARGV[3]
    .. '","rotated":"' .. rotated
    .. '","idle":"' .. idle
    .. '","absolute":"' .. absolute
    .. '","kept":"' .. kept
    .. '","created":"' .. created
    .. '","ticket":"' .. ticket
    .. '","from":"' .. generation
    .. '"' .. ARGV[10] .. ARGV[1] .. string.sub(raw, own + 1),
  'PX',
  left
)
local place = string.rep('0', 14 - #created) .. created .. ARGV[11]
if redis.call('ZADD', KEYS[3], idle, 'e' .. place) == 1 then
  -- Somebody has dropped the key.
  redis.call('ZADD', KEYS[3], '-inf', '', '0', 'b' .. place)
  redis.call('PEXPIRE', KEYS[3], string.format('%.0f', kept - now))
end
return {now, made, idle, absolute}
