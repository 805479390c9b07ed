-- Begins a session: the time, and the row unless a log-out overtook the ticket.
if overtaken() then
  return {text(now), false}
end
local row = ask.row
local known, raw = load_session(row.id)
if known then
  -- Asked again after an answer was lost.
  if known.subject ~= row.subject or known.digest ~= row.digest
    or known.client ~= row.client then
    error('CORRUPT id')
  end
  return {text(now), raw}
end
local absolute = now + number(ask, 'absolute_ttl')
row.created = text(now)
row.rotated = text(now)
row.absolute = text(absolute)
row.idle = text(math.min(now + number(ask, 'idle_ttl'), absolute))
return {text(now), put(row)}
