-- Forgets what was revoked longer ago than is asked; all else expires by itself.
local since = now - number(ask, 'purge_keep')
return redis.call('ZREMRANGEBYSCORE', feed, '-inf', '(' .. text(since))
