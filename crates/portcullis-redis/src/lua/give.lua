-- In a shard of the older layout: what it has of a subject, a batch of it. What is given
-- can no longer be read by nodes of the older version, which fail at it.
local ask = cjson.decode(ARGV[1])
local tag = string.match(KEYS[1], '^{[^}]*}')
local MOVED = 'moved '
local MANY = 200

local function key(kind, id)
  return tag .. ':' .. kind .. ':' .. id
end

-- The text under a key, though it was given before; nil if there is none any more.
local function read(name)
  local raw = redis.call('GET', name)
  if raw and string.sub(raw, 1, #MOVED) == MOVED then
    raw = string.sub(raw, #MOVED + 1)
  end
  return raw and raw ~= '' and raw
end

-- Of a batch that ends within a moment all of that moment.
local list = key('i', ask.subject)
local after = ask.after and '(' .. ask.after or '-inf'
local sessions =
  redis.call('ZRANGEBYSCORE', list, after, '+inf', 'WITHSCORES', 'LIMIT', 0, MANY)
local next = #sessions >= 2 * MANY and sessions[#sessions]
if next then
  for _, field in ipairs(redis.call('ZRANGEBYSCORE', list, next, next, 'WITHSCORES')) do
    sessions[#sessions + 1] = field
  end
end
local names = {}
for i = 1, #sessions, 2 do
  names[#names + 1] = key('s', sessions[i])
end
if not ask.after then
  for _, id in ipairs(ask.sessions) do
    names[#names + 1] = key('s', id)
  end
end
local sessions_end = #names
if not ask.after then
  for _, id in ipairs(redis.call('ZRANGE', key('l', ask.subject), 0, -1)) do
    names[#names + 1] = key('a', id)
  end
  for _, id in ipairs(ask.tokens) do
    names[#names + 1] = key('a', id)
  end
end

local declared = {}
for _, name in ipairs(KEYS) do
  declared[name] = true
end
local missing
for _, name in ipairs(names) do
  if not declared[name] then
    missing = missing or {'keys'}
    missing[#missing + 1] = name
  end
end
if missing then
  return missing
end

local given, seen = {{}, {}}, {}
for i, name in ipairs(names) do
  local raw = not seen[name] and read(name)
  seen[name] = true
  local good, row = pcall(cjson.decode, raw or '')
  if good and type(row) == 'table' and row.subject == ask.subject then
    redis.call('SET', name, MOVED .. raw, 'KEEPTTL')
    local rows = given[i > sessions_end and 2 or 1]
    rows[#rows + 1] = raw
  end
end
-- A login that has its ticket already must not come to anything here; for as long as a
-- ticket is good.
local LASTS = 2 * 3600 * 1000
local log_out = read(key('o', ask.subject))
local left = redis.call('PTTL', key('o', ask.subject))
redis.call('SET', key('o', ask.subject), MOVED .. (log_out or ''), 'KEEPTTL')
if left ~= -1 and left < LASTS then
  redis.call('PEXPIRE', key('o', ask.subject), LASTS)
end
local length, rest = string.match(ask.subject, '^(%d+):(.*)$')
local cut_off = redis.call('GET', key('c', string.sub(rest, 1, tonumber(length))))
return {given[1], given[2], log_out or false, cut_off, next}
