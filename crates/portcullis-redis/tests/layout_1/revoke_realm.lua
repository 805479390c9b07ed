-- Logs everybody of a realm out, as far as this shard goes: when. The mark is kept for
-- ever. Its time is later than the last one, by which snapshots tell them apart.
local mark = key('c', ask.realm)
local last = cut_off_at(mark)
local latest = math.max(number(ask, 'number'), last and last.number or 0)
local at = math.max(now, last and last.at + 1 or now)
redis.call('SET', mark, text(latest) .. '|' .. text(at))
tell('r|' .. ask.realm, at)
return text(at)
