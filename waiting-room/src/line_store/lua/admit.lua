-- Applies a plan. Whatever the plan says, the cap is not crossed and a leader of old changes nothing.
-- ARGV: fencing token, how many
local now = clock()
if tonumber(ARGV[1]) ~= meta_number('fence') then return { 'FENCED', now } end
local _, is_on = opening(now)
if meta('state') ~= 'OPEN' or not is_on then return { 'ADMITTED', now, 0 } end
-- Those of an opening that is over are swept first.
local first = redis.call('ZRANGE', WAITING, 0, 0, 'WITHSCORES')
if first[2] and tonumber(first[2]) <= ended_sequence(now) then return { 'ADMITTED', now, 0 } end
local count = math.min(tonumber(ARGV[2]), meta_number('cap') - redis.call('ZCARD', ACTIVE))
local per_minute = meta_number('per_minute')
if per_minute > 0 then count = math.min(count, per_minute - minute_used(now)) end
if count <= 0 then return { 'ADMITTED', now, 0 } end

local expires = now + meta_number('session_ttl')
local front = redis.call('ZPOPMIN', WAITING, count)
for i = 1, #front, 2 do
  local ticket = load_ticket(front[i])
  redis.call('ZREM', SEEN, ticket.id)
  redis.call('SETBIT', BITS, ticket.sequence, 0)
  redis.call('ZADD', ACTIVE, expires, ticket.id)
  ticket.state, ticket.expires = 'ADMITTED', expires
  save_ticket(ticket, 'ADMITTED', now)
end
local admitted = #front / 2
redis.call('HINCRBY', META, 'admitted', admitted)
redis.call('HINCRBY', MINUTE, string.format('%.0f', math.floor(now / 1000)), admitted)
return { 'ADMITTED', now, admitted }
