-- Takes an application token off the list: 1 if it is the subject's and was live.
local token = load_token(ask.id)
if not token or token.subject ~= ask.subject or token.removed then
  return 0
end
remove_token(token)
return 1
