-- The time, and a session if there is one: for attempts that change nothing.
return {text(now), redis.call('GET', key('s', ask.id))}
