-- What was revoked since a moment in each of these feeds, so much of each, all of one
-- moment or nothing: the time, and of each feed the entries with their times and whether
-- there may be more.
local many = tonumber(ask.many)
local feeds = {}
for i, feed in ipairs(KEYS) do
  local entries =
    redis.call('ZRANGEBYSCORE', feed, ask.since[i], '+inf', 'WITHSCORES', 'LIMIT', 0, many)
  local more = #entries >= 2 * many
  if more then
    local last = entries[#entries]
    while entries[#entries] == last do
      entries[#entries] = nil
      entries[#entries] = nil
    end
    for _, field in ipairs(redis.call('ZRANGEBYSCORE', feed, last, last, 'WITHSCORES')) do
      entries[#entries + 1] = field
    end
  end
  feeds[i] = {more and 1 or 0, entries}
end
return {text(math.floor(microseconds() / 1000)), feeds}
