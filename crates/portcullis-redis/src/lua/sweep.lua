-- Takes off the list of a subject what a log-out has ended, a batch of it, and writes
-- and tells what nobody has: which sessions, where to go on, and which log-outs.
if is_elsewhere() then
  return {'move'}
end
local mark, cut_off = log_outs()
local last = latest(mark, cut_off)
local entries, ids, next = sessions_behind(ask.after, number(ask, 'many'))
local missing = undeclared('s', ids)
if missing then
  return missing
end
local ended = {}
for i, id in ipairs(ids) do
  if began(entries[i]) > last then
    next = false
    break
  end
  -- One that cannot be read cannot be refreshed either. Its list knows when it began, and
  -- without a deadline it is kept as from now.
  local good, row, _, why = pcall(load_session, id)
  local where = string.sub(entries[i], 2)
  if good and not row then
    redis.call('ZREM', user, entries[i], 'e' .. where)
  elseif good and why == 'logout_everywhere' then
    revoke(row, why, nil, mark.at, where)
    ended[#ended + 1] = id
  elseif good and row.revoked then
    local over = math.min(tonumber(row.idle) or now, tonumber(row.absolute) or now)
    unlist(row, over + tonumber(ask.keep), where)
  end
end
settle()
return {ended, next, which(mark, cut_off)}
