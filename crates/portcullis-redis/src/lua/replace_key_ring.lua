-- Replaces a key ring's record unless somebody else was first. It never expires.
local version = redis.call('HGET', KEYS[1], 'version') or '0'
if version ~= ask.version then
  return 0
end
redis.call('HSET', KEYS[1], 'version', text(tonumber(version) + 1), 'record', ask.record)
return 1
