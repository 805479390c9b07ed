-- How many sessions of a subject are live. If there may be some that a log-out ended
-- and nobody took off the list, they must be swept off first.
if is_elsewhere() then
  return {'move'}
end
local mark, cut_off = log_outs()
if ask.swept ~= which(mark, cut_off) then
  local oldest = sessions_behind(nil, 1)[1]
  if oldest and began(oldest) <= latest(mark, cut_off) then
    return 'sweep'
  end
end
return text(redis.call('ZCOUNT', user, '(' .. text(now), '+inf'))
