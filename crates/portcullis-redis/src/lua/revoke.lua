-- Ends a session: 1 if it had not ended.
if is_elsewhere() then
  return {'move'}
end
local row = load_session(ask.id)
if not row or row.subject ~= ask.subject or row.revoked then
  return 0
end
revoke(row, ask.why)
settle()
return 1
