-- A session.
if is_elsewhere() then
  return {'move'}
end
local _, raw = load_session(ask.id)
return raw or false
