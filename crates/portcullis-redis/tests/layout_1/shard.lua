-- KEYS[1] is the feed of a shard. All keys of the shard have its hash tag and
-- so are in its slot; a script finds the others from this one.
local feed = KEYS[1]
local tag = string.sub(feed, 1, -string.len(':feed') - 1)
local now = math.floor(microseconds() / 1000)

local function key(kind, id)
  return tag .. ':' .. kind .. ':' .. id
end

-- The caller knows a bad row by the first word of the message.
local function number(row, field)
  local value = tonumber(row[field])
  if not value then
    error('CORRUPT ' .. field)
  end
  return value
end

-- The row under a key and its text, or nil.
local function load(name)
  local raw = redis.call('GET', name)
  if not raw then
    return nil
  end
  local good, row = pcall(cjson.decode, raw)
  if not good or type(row) ~= 'table' then
    error('CORRUPT row')
  end
  return row, raw
end

-- The last log-out of everybody of a realm, under its mark, or nil.
local function cut_off_at(mark)
  local raw = redis.call('GET', mark)
  if not raw then
    return nil
  end
  local number, at = string.match(raw, '^(%d+)|(%d+)$')
  if not number then
    error('CORRUPT cut-off')
  end
  return {number = tonumber(number), at = tonumber(at)}
end

-- The same for the realm of a subject, which stands in it behind its length.
local function cut_off_of(subject)
  local length, rest = string.match(subject, '^(%d+):(.*)$')
  if not length then
    error('CORRUPT subject')
  end
  return cut_off_at(key('c', string.sub(rest, 1, tonumber(length))))
end

-- The time of the cut-off that has ended a session or an application token, as text, or
-- nil. A row without the number of its ticket is of a version that knows no cut-offs: its
-- time decides.
local function ended_by_cut_off(row)
  local last = cut_off_of(row.subject)
  if not last then
    return nil
  end
  local before
  if row.ticket then
    before = number(row, 'ticket') < last.number
  else
    before = number(row, 'created') <= last.at
  end
  return before and text(last.at) or nil
end

-- A session as it is now and its text, or nil. One that was cut off has ended, though
-- nobody has written that.
local function load_session(id)
  local row, raw = load(key('s', id))
  if row and not row.revoked then
    local at = ended_by_cut_off(row)
    if at then
      row.revoked = at
      row.why = 'logout_everybody'
      row.by = nil
      raw = cjson.encode(row)
    end
  end
  return row, raw
end

-- An application token as it is now, or nil; whether it was cut off.
local function load_token(id)
  local token = load(key('a', id))
  local at = token and not token.removed and ended_by_cut_off(token)
  if at then
    token.removed = at
  end
  return token, at
end

-- For how long from now to keep what is over at `moment`.
local function span(moment)
  local milliseconds = moment - now + tonumber(ask.keep)
  return math.max(1, math.min(milliseconds, 2 ^ 52))
end

-- Takes what has gone out of an index, which goes with its last entry.
local function tidy(index)
  redis.call('ZREMRANGEBYSCORE', index, '-inf', text(now))
  local last = redis.call('ZREVRANGE', index, 0, 0, 'WITHSCORES')[2]
  if last then
    redis.call('PEXPIRE', index, text(tonumber(last) - now))
  end
end

-- Writes a session that has not been revoked, and its place in the index of its
-- subject. The row comes first: without memory or on a read-only server the
-- first write fails and there are no others.
local function put(row)
  local over = math.min(number(row, 'idle'), number(row, 'absolute'))
  local ttl = span(over)
  local raw = cjson.encode(row)
  redis.call('SET', key('s', row.id), raw, 'PX', text(ttl))
  local index = key('i', row.subject)
  redis.call('ZADD', index, text(now + ttl), row.id)
  tidy(index)
  return raw
end

-- Adds an entry to the feed and wakes whoever listens. A server that forbids
-- PUBLISH only delays: the listeners also poll. It is of now, unless said otherwise.
local function tell(entry, at)
  local time = text(at or now)
  redis.call('ZADD', feed, time, entry)
  redis.call('ZREMRANGEBYSCORE', feed, '-inf', '(' .. text(now - tonumber(ask.keep)))
  redis.call('PEXPIRE', feed, text(span(now)))
  redis.pcall('PUBLISH', ask.channel, time .. '|' .. entry)
end

-- Ends a session that has not been revoked.
local function revoke(row, why, by)
  row.revoked = text(now)
  row.why = why
  row.by = by
  local raw = cjson.encode(row)
  redis.call('SET', key('s', row.id), raw, 'PX', text(span(now)))
  local index = key('i', row.subject)
  redis.call('ZREM', index, row.id)
  tidy(index)
  tell('s|' .. why .. '|' .. row.id .. '|' .. row.subject)
  return raw
end

-- Takes a live application token off the list of its subject.
local function remove_token(token)
  token.removed = text(now)
  redis.call('SET', key('a', token.id), cjson.encode(token), 'PX', text(span(now)))
  redis.call('ZREM', key('l', token.subject), token.id)
  tell('a|' .. token.id)
end

-- How long a ticket is good, in microseconds. The mark that a log-out leaves is
-- kept for at least twice as long, so a ticket never outlives a mark that it
-- would have to be compared with.
local TICKET_LIFE = 3600 * 1000000

local function mark_log_out()
  local mark = key('o', ask.subject)
  local last = tonumber(redis.call('GET', mark) or '0')
  local ttl = math.max(tonumber(ask.keep), 2 * TICKET_LIFE / 1000)
  local latest = math.max(number(ask, 'number'), last)
  redis.call('SET', mark, text(latest), 'PX', text(ttl))
end

-- Whether a log-out everywhere, or of everybody, overtook the ticket.
local function overtaken()
  local ticket = number(ask, 'ticket')
  local last = tonumber(redis.call('GET', key('o', ask.subject)) or '0')
  local cut_off = cut_off_of(ask.subject)
  last = math.max(last, cut_off and cut_off.number or 0)
  return last > ticket or now * 1000 - ticket > TICKET_LIFE
end
