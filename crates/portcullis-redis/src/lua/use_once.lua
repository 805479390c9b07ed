-- Uses what may be used once: the time, who was first, and when. The key goes by
-- itself; whether it has expired, its own row says.
local name = KEYS[1]
local row, raw = load(name)
if row and number(row, 'expires') > now then
  return {text(now), raw}
end
if ask.only_look then
  return {text(now), false}
end
local lasts = math.min(number(ask, 'lasts'), 2 ^ 52)
row = {first = ask.attempt, at = text(now), expires = text(now + lasts)}
raw = cjson.encode(row)
if lasts > 0 then
  redis.call('SET', name, raw, 'PX', text(lasts))
end
return {text(now), raw}
