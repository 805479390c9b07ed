-- Which layout the store has: this one, if it is new. One that has the layout before it
-- gives its order of logins and log-outs over, and whoever goes by the old key fails.
local this, from = unpack(cjson.decode(ARGV[1]))
local layout, old_order, order = KEYS[1], KEYS[2], KEYS[3]
local found = redis.call('GET', layout)
if not found then
  redis.call('SET', layout, this)
  return this
end
local shards = string.match(found, '^1/(%d+)$')
if not shards then
  return found
end
local last = tonumber(redis.call('GET', old_order) or '0')
if last then
  redis.call('SET', order, string.format('%.0f', last))
end
redis.call('SET', old_order, 'moved')
redis.call('SET', layout, from .. shards)
return from .. shards
