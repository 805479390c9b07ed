-- In a shard of the older layout: logs everybody of a realm out, for the nodes that still
-- go by it and the subjects that are still there.
local ask = cjson.decode(ARGV[1])
local mark, feed = KEYS[1], KEYS[2]
local last = string.match(redis.call('GET', mark) or '', '^(%d+)|')
if not last or tonumber(last) < tonumber(ask.number) then
  redis.call('SET', mark, ask.number .. '|' .. ask.at)
  redis.call('ZADD', feed, ask.at, 'r|' .. ask.realm)
  redis.call('PEXPIRE', feed, ask.keep)
end
return 1
