-- Logs everybody of a realm out, as far as this shard goes: when. The mark is kept for
-- ever. Its time is later than the last one, by which snapshots tell them apart.
local last = cut_off_of_realm(ask.realm)
local latest = math.max(number(ask, 'number'), last and last.number or 0)
local at = math.max(now, last and last.at + 1 or now)
redis.call('HSET', key('cut'), '', '', 'r:' .. ask.realm, text(latest) .. '|' .. text(at))
tell('r|' .. ask.realm, at)
trim(now - tonumber(ask.keep))
return text(at)
