-- Takes an application token of a subject off the list: 1 if it was live.
if is_elsewhere() then
  return {'move'}
end
local token = load_token(ask.id)
if not token or token.removed or token.subject ~= ask.subject then
  return 0
end
remove_token(token)
trim(now - tonumber(ask.keep))
return 1
