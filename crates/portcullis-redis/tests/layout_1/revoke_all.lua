-- Logs a subject out everywhere: the sessions and the application tokens that
-- this ended.
mark_log_out()
local sessions, tokens = {}, {}
for _, id in ipairs(redis.call('ZRANGE', key('i', ask.subject), 0, -1)) do
  local row = load_session(id)
  if row and not row.revoked then
    revoke(row, ask.why)
    sessions[#sessions + 1] = id
  end
end
for _, id in ipairs(redis.call('ZRANGE', key('l', ask.subject), 0, -1)) do
  local token, cut_off = load_token(id)
  if token and not token.removed then
    remove_token(token)
    tokens[#tokens + 1] = id
  elseif cut_off then
    remove_token(token)
  end
end
tell('u|' .. ask.subject)
return {sessions, tokens}
