-- ARGV[1] is what is asked, as JSON. Numbers in it are decimal strings, and so
-- are those in the rows: cjson would round them. All are below 2^53, which Lua
-- counts exactly. Times are milliseconds since 1970-01-01T00:00:00Z.
local ask = cjson.decode(ARGV[1])

local function text(number)
  return string.format('%.0f', number)
end

local function microseconds()
  if ask.now then
    return tonumber(ask.now) * 1000
  end
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
