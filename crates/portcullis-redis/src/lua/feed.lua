-- The time, and what was revoked since a moment, each with its time.
return {text(now), redis.call('ZRANGEBYSCORE', feed, ask.since, '+inf', 'WITHSCORES')}
