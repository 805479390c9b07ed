-- The common case of rotate.lua, without its functions and tables, which take longer than
-- all commands: the current token of a session that goes on is exchanged, and the row is as
-- `encode` writes it. Whatever else is the case, nothing is done here and the script goes
-- on. KEYS are in the order of `keys.rs`, and ARGV in that of `attempt.rs`.
if ARGV[2] then
  local now = tonumber(ARGV[3])
  if not now then
    local time = redis.call('TIME')
    now = time[1] * 1000 + math.floor(time[2] / 1000)
  end
  local raw = redis.call('GET', KEYS[3]) or ''
  -- Whether it has ended or was forgiven late would come before the generation.
  local generation, rotated, idle, absolute, kept, created, ticket = string.match(
    raw,
    '^{"generation":"(%d+)","rotated":"(%d+)","idle":"(%d+)","absolute":"(%d+)"'
      .. ',"kept":"(%d+)","created":"(%d+)","ticket":"(%d+)"'
  )
  -- Quotes within a text are escaped, so that it is found nowhere else.
  local own = generation and string.find(raw, ARGV[2], 1, true)
  local presented, current, made, ends =
    tonumber(ARGV[4]), tonumber(generation), tonumber(rotated), tonumber(absolute)
  local good = own
    and presented >= current
    and now < ends
    and now < tonumber(idle)
    and now < tonumber(ARGV[5])
    and not (
      presented == current
      and current > 0
      and math.max(math.min(now, tonumber(ARGV[6])) - made, 0) < tonumber(ARGV[7])
    )
    and #redis.call('ZRANGEBYSCORE', KEYS[4], -1, -1) == 0
  local cut_off = good and redis.call('HGET', KEYS[1], ARGV[8])
  if cut_off then
    local last = string.match(cut_off, '^(%d+)|')
    good = last and tonumber(ticket) >= tonumber(last)
  end
  if good then
    made = math.max(now, made)
    local over = made + tonumber(ARGV[9])
    if over < ends then
      idle = string.format('%.0f', over)
    else
      -- The text of the absolute deadline stays as it is, however large.
      idle, over = absolute, ends
    end
    local left = over - now + tonumber(ARGV[10])
    -- The subject's key lasts long enough, and no shorter than the row says: `settle` goes by
    -- when the session began.
    local spare = tonumber(kept) - now - left
    if spare >= 0 and spare <= (over - tonumber(created)) / 4 then
      local next = '{"generation":"' .. string.format('%.0f', presented + 1)
        .. '","rotated":"' .. string.format('%.0f', made)
        .. '","idle":"' .. idle
        .. '","absolute":"' .. absolute
        .. '","kept":"' .. kept
        .. '","created":"' .. created
        .. '","ticket":"' .. ticket
        .. '","from":"' .. generation .. ARGV[11]
        .. string.sub(raw, own)
      redis.call('SET', KEYS[3], next, 'PX', string.format('%.0f', math.max(1, left)))
      local place = string.format('%014.0f', created) .. ARGV[12]
      if redis.call('ZADD', KEYS[4], over, 'e' .. place) == 1 then
        -- Somebody has dropped the key.
        redis.call('ZADD', KEYS[4], '-inf', '', 0, 'b' .. place)
        redis.call('PEXPIRE', KEYS[4], string.format('%.0f', tonumber(kept) - now))
      end
      return {now, next}
    end
  end
end
