-- The time, and a session if there is one: for attempts that change nothing.
if is_elsewhere() then
  return {'move'}
end
local _, raw = load_session(ask.id)
return {text(now), raw or false}
