-- An application token, if it is in this shard.
local token = load_token(ask.id)
return token and cjson.encode(token) or false
