-- A session, if it is in this shard.
local _, raw = load_session(ask.id)
return raw or false
