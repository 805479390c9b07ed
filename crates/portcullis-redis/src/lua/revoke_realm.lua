-- Logs everybody of a realm out, as far as this shard goes: when. The mark is kept for
-- ever, and never goes back.
local mark = key('c', ask.realm)
local last = cut_off_at(mark) or {number = 0, at = now}
local latest = math.max(number(ask, 'number'), last.number)
local at = math.max(now, last.at)
redis.call('SET', mark, text(latest) .. '|' .. text(at))
tell('r|' .. ask.realm)
return text(at)
