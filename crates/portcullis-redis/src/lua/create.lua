-- Begins a session: the time, the row unless a log-out overtook the ticket, and which
-- others had to make room for it.
if is_elsewhere() then
  return {'move'}
end
if overtaken() then
  return {text(now), false, {}}
end
local row = ask.row
local known = load(key('s', row.id))
if known then
  -- Asked again after an answer was lost.
  if known.subject ~= row.subject or known.digest ~= row.digest
    or known.client ~= row.client then
    error('CORRUPT id')
  end
  local _, raw = load_session(row.id)
  return {text(now), raw, {}}
end

-- How many sessions one login looks at, and ends, at most.
local MANY = 400

-- Which sessions must go; or which keys are missing to know it.
local function in_the_way(limit)
  local live = redis.call('ZCOUNT', user, '(' .. text(now), '+inf')
  if live < limit then
    return {}
  end
  -- Those first that are over first: where there are more, the longest idle are among them.
  local after = '(' .. text(now)
  local entries = redis.call('ZRANGEBYSCORE', user, after, '+inf', 'LIMIT', 0, MANY)
  local ids = {}
  for i, entry in ipairs(entries) do
    ids[i] = id_of(entry)
  end
  local missing = undeclared('s', ids)
  if missing then
    return nil, missing
  end
  local rows = {}
  for _, id in ipairs(ids) do
    local good, other = pcall(load_session, id)
    if good and other and not other.revoked and tonumber(other.rotated)
      and tonumber(other.created) then
      rows[#rows + 1] = other
    else
      live = live - 1
    end
  end
  table.sort(rows, function(a, b)
    local x, y = tonumber(a.rotated), tonumber(b.rotated)
    if x ~= y then
      return x < y
    end
    return is_less(place(tonumber(a.created), a.id), place(tonumber(b.created), b.id))
  end)
  for i = #rows, math.max(live - limit + 1, 0) + 1, -1 do
    rows[i] = nil
  end
  return rows
end

local others, missing = {}, nil
if ask.limit then
  local mark, cut_off = log_outs()
  -- Behind those that are looked at nobody tells which ones a log-out has ended.
  if ask.swept ~= which(mark, cut_off) and redis.call('ZCOUNT', user, 0, 0) > MANY then
    local oldest = sessions_behind(nil, 1)[1]
    if began(oldest) <= latest(mark, cut_off) then
      return {'sweep', false, {}}
    end
  end
  others, missing = in_the_way(number(ask, 'limit'))
  if missing then
    return missing
  end
end

local absolute = now + number(ask, 'absolute_ttl')
row.created = text(now)
row.rotated = text(now)
row.absolute = text(absolute)
row.idle = text(math.min(now + number(ask, 'idle_ttl'), absolute))
local raw = put(row)
-- What every shard has in which there is a session.
redis.call('HSETNX', key('cut'), '', '')
redis.call('ZADD', key('feed'), '-inf', '')
local evicted = {}
for i, other in ipairs(others) do
  revoke(other, 'evicted')
  evicted[i] = other.id
end
if #others > 0 then
  settle()
else
  tidy()
end
return {text(now), raw, evicted}
