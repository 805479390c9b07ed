-- The time, and a session if there is one: for attempts that change nothing.
local _, raw = load_session(ask.id)
return {text(now), raw or false}
