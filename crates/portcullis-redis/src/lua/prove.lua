-- The time, if this is the server that the caller was told to confirm: what is written
-- after it is what replicas must have.
if field('holder') ~= ask.holder then
  return false
end
return text(now)
