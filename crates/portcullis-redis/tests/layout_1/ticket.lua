-- The next place in the order of logins and log-outs: the time in microseconds,
-- but always later than the last one. So the order survives the loss of its key.
local last = tonumber(redis.call('GET', KEYS[1]) or '0')
local number = text(math.max(microseconds(), last + 1))
redis.call('SET', KEYS[1], number)
return number
