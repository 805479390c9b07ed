-- Says when this server was confirmed, unless it is another one by now.
if field('holder') ~= ask.holder then
  return 0
end
redis.call('HSET', proof, 'at', ask.at)
redis.call('HDEL', proof, 'holder', 'till')
return 1
