-- An application token.
if is_elsewhere() then
  return {'move'}
end
local token = load_token(ask.id)
return token and cjson.encode(token) or false
