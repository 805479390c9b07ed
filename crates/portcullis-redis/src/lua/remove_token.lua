-- Takes an application token off the list: 1 if it is in this shard and was
-- live.
local token = load_token(ask.id)
if not token or token.removed then
  return 0
end
remove_token(token)
return 1
