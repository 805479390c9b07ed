-- Presents a refresh token: the time, and the row as it is afterwards. The
-- caller reads the outcome off the row (`portcullis::session::rules`); here is
-- only what changes it.
if is_elsewhere() then
  return {'move'}
end
local row, raw = load_session(ask.id)
if not row then
  return {text(now), false}
end

local unchanged = {text(now), raw}
local presented = number(ask, 'generation')
local current = number(row, 'generation')
local rotated = number(row, 'rotated')
local absolute = number(row, 'absolute')

local good = row.subject == ask.subject
  and row.digest == ask.digest
  and not row.revoked
  and now < absolute
  and now < number(row, 'idle')
  and ask.client == row.client
  and now < number(ask, 'deadline')
local own_work = row.rotated_by == ask.attempt and presented + 1 == current
if not good or own_work then
  return unchanged
end

-- As it was when the attempt set out.
local asked_at = math.min(now, number(ask, 'set_out'))
local young = math.max(asked_at - rotated, 0) < number(ask, 'grace')
if presented == current and current > 0 and young then
  -- It rests while its predecessor is forgiven.
  return unchanged
end
if presented >= current then
  rotated = math.max(now, rotated)
  row.generation = text(presented + 1)
  row.rotated = text(rotated)
  local idle = rotated + number(ask, 'idle_ttl')
  -- The text of the absolute deadline stays as it is, however large.
  row.idle = idle < absolute and text(idle) or row.absolute
  row.key = ask.key
  row.agent = ask.agent
  row.address = ask.address
  row.rotated_by = ask.attempt
  row.from = text(current)
  row.late = nil
  return {text(now), put(row)}
end

local predecessor = presented + 1 == current
if predecessor and young then
  return unchanged
end
if predecessor and ask.until_used and (not row.late or row.late == ask.attempt) then
  if row.late or (ask.same_device and ask.agent ~= row.agent) then
    return unchanged
  end
  row.late = ask.attempt
  return {text(now), put(row)}
end
if number(ask, 'grace') > 0 and rotated > number(ask, 'set_out') then
  -- It was overtaken: what was forgiven when it set out, the row does not tell.
  return unchanged
end
raw = revoke(row, ask.reuse, ask.attempt)
settle()
return {text(now), raw}
