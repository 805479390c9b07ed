-- KEYS are all keys that a script may touch; they have the hash tag of one shard and
-- so are in one slot. None that was not declared is touched: while its slot moves to
-- another node it would look absent where it is not.
local tag = string.match(KEYS[1], '^{[^}]*}')
local now = math.floor(microseconds() / 1000)

local declared = {}
for _, name in ipairs(KEYS) do
  declared[name] = true
end

local function key(kind, id)
  local name = tag .. ':' .. kind .. (id and ':' .. id or '')
  if not declared[name] then
    error('UNDECLARED ' .. kind)
  end
  return name
end

-- The keys of these rows that were not declared, as an answer by which the caller
-- declares them and asks again; nil if all were. To be asked before anything is written.
local function undeclared(kind, ids, answer)
  for _, id in ipairs(ids) do
    local name = tag .. ':' .. kind .. ':' .. id
    if not declared[name] then
      answer = answer or {'keys'}
      answer[#answer + 1] = name
    end
  end
  return answer
end

-- Whether what an older layout has of the subject may not be here yet.
local function is_elsewhere()
  return ask.moving and not redis.call('ZSCORE', key('u', ask.subject), 'm')
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

-- A log-out as it is kept, or nil.
local function log_out(raw)
  if not raw then
    return nil
  end
  local number, at = string.match(raw, '^(%d+)|(%d+)$')
  if not number then
    error('CORRUPT log-out')
  end
  return {number = tonumber(number), at = tonumber(at)}
end

-- The last log-out of everybody of a realm, or nil. The key is always there, so that it
-- never says that a script had better run where the slot is moving to.
local function cut_off_of_realm(realm)
  return log_out(redis.call('HGET', key('cut'), 'r:' .. realm))
end

-- The same for the realm of a subject, which stands in it behind its length.
local function cut_off_of(subject)
  local length, rest = string.match(subject, '^(%d+):(.*)$')
  if not length then
    error('CORRUPT subject')
  end
  return cut_off_of_realm(string.sub(rest, 1, tonumber(length)))
end

-- Whether a row began before a log-out. One without the number of its ticket is of a
-- version that knows no cut-offs: its time decides.
local function is_before(row, last)
  if not last then
    return false
  elseif row.ticket then
    return number(row, 'ticket') < last.number
  end
  return number(row, 'created') <= last.at
end

-- An application token as it is now, or nil; whether it was cut off.
local function load_token(id)
  local token = load(key('a', id))
  local last = token and not token.removed and cut_off_of(token.subject)
  local cut_off = last and is_before(token, last)
  if cut_off then
    token.removed = text(last.at)
  end
  return token, cut_off
end

-- For how long from now to keep what is over at `moment`.
local function span(moment)
  local milliseconds = moment - now + tonumber(ask.keep)
  return math.max(1, math.min(milliseconds, 2 ^ 52))
end

-- Adds an entry to the feed and wakes whoever listens. A server that forbids
-- PUBLISH only delays: the listeners also poll. It is of now, unless said otherwise.
-- An entry of no time, which nobody reads, keeps the key when all others have gone.
local function tell(entry, at)
  local time = text(at or now)
  redis.call('ZADD', key('feed'), '-inf', '', time, entry)
  redis.pcall('PUBLISH', ask.channel, time .. '|' .. entry)
end

-- How much is taken out of a list at once: everybody waits meanwhile.
local AT_ONCE = 1000

-- Takes out of a sorted set what is between these scores, the first so many: how many.
local function take_out(name, from, to)
  local many = redis.call('ZCOUNT', name, from, to)
  if many == 0 then
    return 0
  end
  local first = redis.call('ZCOUNT', name, '-inf', to) - many
  local last = first + math.min(many, AT_ONCE) - 1
  return redis.call('ZREMRANGEBYRANK', name, first, last)
end

-- Takes what has been told for long enough out of the feed.
local function trim(since)
  return take_out(key('feed'), '(-inf', '(' .. text(since))
end

-- Takes a live application token off the list of its subject.
local function remove_token(token)
  token.removed = text(now)
  redis.call('SET', key('a', token.id), cjson.encode(token), 'PX', text(span(now)))
  redis.call('ZREM', key('l', token.subject), token.id)
  tell('a|' .. token.id)
end

-- Takes those of these application tokens off the list of a subject that were there before
-- it was logged out: which were live. One that cannot be read goes, too: who could tell that
-- it is newer? Its row is left as it is, and nobody takes it for live.
local function remove_those(subject, ids, last)
  local removed = {}
  for _, id in ipairs(ids) do
    local good, token, cut_off = pcall(load_token, id)
    local before = false
    if good and token then
      good, before = pcall(is_before, token, last)
      good = good and token.id == id and token.subject == subject
    end
    if not good then
      redis.call('ZREM', key('l', subject), id)
      tell('a|' .. id)
      removed[#removed + 1] = id
    elseif before and (cut_off or not token.removed) then
      if not token.removed then
        removed[#removed + 1] = id
      end
      remove_token(token)
    end
  end
  return removed
end
