-- What is known of a subject beside the rows, in one sorted set, so that it moves to
-- another node at once. By score:
--   -inf       one that is always there
--   -2         its sessions of an older layout are here, where there was one
--   -1         the last log-out everywhere
--   below -9   its sessions that have ended, by when they go
--   0          those that have not, by when they began, then by id
--   above 0    the same by when they are over
local user = key('u', ask.subject)

-- The last log-out everywhere, and that of the realm; each may be nil.
local read, mark, cut_off
local function log_outs()
  if not read then
    local raw = redis.call('ZRANGEBYSCORE', user, -1, -1)[1]
    mark = log_out(raw and string.sub(raw, 2))
    cut_off = cut_off_of(ask.subject)
    read = true
  end
  return mark, cut_off
end

-- How long a ticket is good, in microseconds. The mark that a log-out leaves is
-- kept for at least twice as long, so a ticket never outlives a mark that it
-- would have to be compared with; and for as long as there is a session that it ended,
-- whoever has not written that yet.
local TICKET_LIFE = 3600 * 1000000

-- Which log-outs there are, for the caller to give back.
local function which(mark, cut_off)
  return text(mark and mark.number or 0) .. '|' .. text(cut_off and cut_off.number or 0)
end

-- After which moment no session began that they have ended, however clocks may differ.
local function latest(mark, cut_off)
  local last = math.max(mark and mark.at or -1, cut_off and cut_off.at or -1)
  return last < 0 and last or last + TICKET_LIFE / 1000
end

-- Whether a log-out everywhere, or of everybody, overtook the ticket.
local function overtaken()
  local ticket = number(ask, 'ticket')
  local mark, cut_off = log_outs()
  local last = math.max(mark and mark.number or 0, cut_off and cut_off.number or 0)
  return last > ticket or now * 1000 - ticket > TICKET_LIFE
end

-- Which log-out has ended a session that says nothing of it, and why; or nil. The
-- earlier one, of two.
local function ended_by(row)
  local mark, cut_off = log_outs()
  local marked, cut = is_before(row, mark), is_before(row, cut_off)
  if marked and not (cut and cut_off.number < mark.number) then
    return mark, 'logout_everywhere'
  elseif cut then
    return cut_off, 'logout_everybody'
  end
end

-- The members of a session's row, in the order in which advance.lua reads and writes them.
local ORDER = {
  'revoked', 'why', 'by', 'late',
  'generation', 'rotated', 'idle', 'absolute', 'kept', 'created', 'ticket', 'from',
  'rotated_by', 'key', 'agent', 'address',
  'digest', 'client', 'subject', 'grant', 'id',
}

-- A session's row as text, what is not known here included. A slash stays as it is, as it
-- does with everybody else.
local function encode(row)
  local members, known = {}, {}
  local function add(name)
    if row[name] then
      local value = string.gsub(cjson.encode(row[name]), '\\/', '/')
      members[#members + 1] = '"' .. name .. '":' .. value
    end
    known[name] = true
  end
  for _, name in ipairs(ORDER) do
    add(name)
  end
  for name in pairs(row) do
    if not known[name] then
      add(name)
    end
  end
  return '{' .. table.concat(members, ',') .. '}'
end

-- A session of the subject as it is now and its text, or nil. One that was logged out has
-- ended, though nobody has written that: by what, is the third.
local function load_session(id)
  local row, raw = load(key('s', id))
  if row and type(row.subject) ~= 'string' then
    error('CORRUPT subject')
  elseif row and row.id ~= id then
    error('CORRUPT id')
  elseif not row or row.subject ~= ask.subject then
    return nil
  end
  local last, why
  if not row.revoked then
    last, why = ended_by(row)
    if last then
      row.revoked = text(last.at)
      row.why = why
      row.by = nil
      raw = encode(row)
    end
  end
  return row, raw, why
end

-- Where a session stands among those of its subject. Text has an order, too.
local function place(created, id)
  return string.format('%014.0f', math.min(math.max(created, 0), 1e14 - 1)) .. id
end

local function began(entry)
  return tonumber(string.sub(entry, 2, 15))
end

local function id_of(entry)
  return string.sub(entry, 16)
end

-- By bytes: the order of text that Lua knows is that of the server's language.
local function is_less(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then
      return x < y
    end
  end
  return #a < #b
end

-- At most so many sessions that have not ended, by when they began, behind a place if
-- there is one; their ids; and where to go on, if there are more.
local function sessions_behind(behind, many)
  local first = redis.call('ZCOUNT', user, '-inf', '(0')
  local last = first + redis.call('ZCOUNT', user, 0, 0)
  local high = behind and last or first
  while first < high do
    local middle = math.floor((first + high) / 2)
    local entry = redis.call('ZRANGE', user, middle, middle)[1]
    if is_less('b' .. behind, entry) then
      high = middle
    else
      first = middle + 1
    end
  end
  if first == last then
    return {}, {}, false
  end
  local entries = redis.call('ZRANGE', user, first, math.min(first + many, last) - 1)
  local ids = {}
  for i, entry in ipairs(entries) do
    ids[i] = id_of(entry)
  end
  return entries, ids, first + many < last and string.sub(entries[#entries], 2)
end

-- Keeps what is known of the subject for so many milliseconds at least.
local function lasts(ttl)
  if redis.call('PTTL', user) < ttl then
    redis.call('PEXPIRE', user, text(ttl))
  end
end

-- The same, until a moment at least and for a while.
local function stays(moment)
  lasts(span(moment))
end

-- Takes sessions out whose rows have gone.
local function tidy()
  take_out(user, text(-now), '(-9')
  local over = '(' .. text(now - tonumber(ask.keep))
  for _, entry in ipairs(redis.call('ZRANGEBYSCORE', user, '(0', over, 'LIMIT', 0, 100)) do
    redis.call('ZREM', user, entry, 'b' .. string.sub(entry, 2))
  end
end

-- Writes a session that has not ended, and where it stands. The row comes first: without
-- memory or on a read-only server the first write fails and there are no others.
local function put(row)
  local over = math.min(number(row, 'idle'), number(row, 'absolute'))
  local left = span(over)
  -- For longer than it has to be, so that not each refresh has to see to it: by a quarter of
  -- the time for which the token may lie unused, which is no more than one of the session's
  -- own time.
  local ttl = math.min(left + math.floor(math.max(over - now, 0) / 4), 2 ^ 52)
  row.kept = text(now + ttl)
  local place = place(number(row, 'created'), row.id)
  local raw = encode(row)
  redis.call('SET', key('s', row.id), raw, 'PX', text(left))
  redis.call('ZADD', user, '-inf', '', 0, 'b' .. place, text(math.max(over, 1)), 'e' .. place)
  lasts(ttl)
  return raw
end

-- Takes a session that has ended, and whose row goes at a moment, out of those that have
-- not. The set is never empty in between. One that does not say when it began, and of which
-- the caller does not know where it stands, stays among them until a sweep or its deadline.
local function unlist(row, gone, where)
  local created = tonumber(row.created)
  where = where or created and place(created, row.id)
  redis.call('ZADD', user, text(-math.max(gone, 10)), 'd' .. row.id)
  if where then
    redis.call('ZREM', user, 'b' .. where, 'e' .. where)
  end
end

-- Ends a session that has not ended, now unless said otherwise.
local function revoke(row, why, by, at, where)
  row.revoked = text(at or now)
  row.why = why
  row.by = by
  local raw = encode(row)
  redis.call('SET', key('s', row.id), raw, 'PX', text(span(now)))
  unlist(row, now + span(now), where)
  tell('s|' .. why .. '|' .. row.id .. '|' .. row.subject)
  return raw
end

-- To be called when sessions have ended: what is known of the subject goes with the last
-- of them, and the feed is trimmed.
local function settle()
  tidy()
  local ends = 0
  local last = redis.call('ZREVRANGE', user, 0, 0, 'WITHSCORES')[2]
  if last and tonumber(last) > 0 then
    -- As long as any session may rely on, see `put`.
    local oldest = redis.call('ZRANGEBYSCORE', user, 0, 0, 'LIMIT', 0, 1)[1]
    local spare = oldest and (tonumber(last) - began(oldest)) / 4 or 0
    ends = tonumber(last) + math.max(spare, 0) + tonumber(ask.keep)
  end
  local ended = redis.call('ZRANGEBYSCORE', user, '(-inf', '(-9', 'WITHSCORES', 'LIMIT', 0, 1)[2]
  ends = math.max(ends, -(tonumber(ended or '0')))
  if log_outs() then
    ends = math.max(ends, mark.at + math.max(tonumber(ask.keep), 2 * TICKET_LIFE / 1000))
  end
  if ask.moving then
    -- For longer than anybody may still be bringing it here.
    ends = math.max(ends, now + 2 * TICKET_LIFE / 1000)
  end
  redis.call('PEXPIRE', user, text(math.max(1, math.min(ends - now, 2 ^ 52))))
  trim(now - tonumber(ask.keep))
end
