-- KEYS[1] is a hash: `at`, when this server was confirmed last; `holder` and `till`,
-- who is about to do so and how long the others wait for it.
local proof = KEYS[1]
local now = math.floor(microseconds() / 1000)

local function field(name)
  return redis.call('HGET', proof, name)
end

-- When it was confirmed last, or nil. A time that is yet to come is that of another
-- server, or of a clock that was turned back.
local function confirmed_at()
  local at = tonumber(field('at') or '')
  return at and at <= now and at or nil
end
