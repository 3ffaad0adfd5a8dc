-- A fan joins. The same fan has the same ticket while it lives; a refused join burns no number.
-- ARGV: user, id for a new ticket
local user, id = ARGV[1], ARGV[2]
local now = clock()
local known = redis.call('HGET', USERS, user)
if known then
  local ticket = load_ticket(known)
  local state = judged(ticket, now)
  if state == 'WAITING' or state == 'ADMITTED' then
    if state == 'WAITING' then redis.call('ZADD', SEEN, 'XX', 'GT', now, known) end
    return described('ALREADY', ticket, now)
  end
  if ticket.state ~= state and meta('state') ~= 'CLOSED' then finish(ticket, state, state, now) end
end
if meta('state') == 'CLOSED' then return { 'CLOSED', now, meta('reason') } end
local from, is_on = opening(now)
if from == 0 then return { 'CLOSED', now, 'OPENING_ENDED' } end
if not is_on then return { 'TOO_EARLY', now, from } end
turn_opening(now)

local ticket = { id = id, state = 'WAITING', user = user, expires = 0,
                 sequence = redis.call('HINCRBY', META, 'sequence', 1) }
redis.call('HINCRBY', META, 'joined', 1)
redis.call('HSET', USERS, user, id)
redis.call('ZADD', WAITING, ticket.sequence, id)
redis.call('ZADD', SEEN, now, id)
redis.call('SETBIT', BITS, ticket.sequence, 1)
save_ticket(ticket, 'JOINED', now)
return described('JOINED', ticket, now)
