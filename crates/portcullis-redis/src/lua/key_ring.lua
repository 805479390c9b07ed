-- The time, and a key ring's version and record if there is one.
local ring = redis.call('HMGET', KEYS[1], 'version', 'record')
return {text(math.floor(microseconds() / 1000)), ring[1], ring[2]}
