-- Ends a session: 1 if it is in this shard and had not been revoked.
local row = load_session(ask.id)
if not row or row.revoked then
  return 0
end
revoke(row, ask.why)
return 1
