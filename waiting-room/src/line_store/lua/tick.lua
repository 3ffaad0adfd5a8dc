-- One tick of the leader: holds the lease, ends what is over (in bounded batches), gives the facts.
-- ARGV: node, lease ms, batch
local node, batch = ARGV[1], tonumber(ARGV[3])
local now = clock()
local holder = redis.call('GET', LEASE)
if holder and holder ~= node then return { 'NOT_LEADER', now } end
if not holder then redis.call('HINCRBY', META, 'fence', 1) end
redis.call('SET', LEASE, node, 'PX', ARGV[2])

-- After a time in which nobody kept the line, nobody could give a sign of life either: silence counts from here.
if now - meta_number('ticked') > 10000 then redis.call('HSET', META, 'silence_from', now) end
redis.call('HSET', META, 'ticked', now)

local swept = 0
for _, id in ipairs(redis.call('ZRANGEBYSCORE', ACTIVE, '-inf', now, 'LIMIT', 0, batch)) do
  finish(load_ticket(id), 'SESSION_EXPIRED', 'SESSION_EXPIRED', now)
  swept = swept + 1
end
local dropped, reason = redis.call('ZRANGEBYSCORE', WAITING, '-inf', turn_opening(now), 'LIMIT', 0, batch), 'OPENING_ENDED'
local ttl = meta_number('ticket_ttl')
if #dropped == 0 and meta('state') == 'CLOSED' then
  dropped, reason = redis.call('ZRANGE', WAITING, 0, batch - 1), 'QUEUE_CLOSED'
elseif #dropped == 0 and now - ttl >= meta_number('silence_from') then
  dropped, reason = redis.call('ZRANGEBYSCORE', SEEN, '-inf', string.format('%.0f', now - ttl), 'LIMIT', 0, batch), 'SILENT'
end
for _, id in ipairs(dropped) do
  finish(load_ticket(id), reason, reason, now)
  swept = swept + 1
end
local answer = facts(now)
answer[#answer + 1] = meta_number('fence')
answer[#answer + 1] = swept
return answer
