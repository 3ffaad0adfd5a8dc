-- Put before every script: the keys of one line, its clock, its tickets, its log.
-- All keys carry the queue's hash tag, so that one script may touch them all.
local META, USERS, TICKETS, WAITING, SEEN = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local ACTIVE, BITS, LOG, LEASE, MINUTE = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]

local function meta(field)
  return redis.call('HGET', META, field)
end

local function meta_number(field)
  return tonumber(redis.call('HGET', META, field) or '0')
end

-- The one clock of the line: the store's, in ms, never running backwards.
local function clock()
  local t = redis.call('TIME')
  local now = t[1] * 1000 + math.floor(t[2] / 1000)
  return math.max(now, meta_number('clock'))
end

-- The opening that is on, or the next one: its first instant, and whether it is on. 0 when none is left.
local function opening(now)
  -- A line that was founded by an earlier version has one opening without an end.
  local openings = meta('openings') or (meta('opens_at') or '0') .. '-0'
  for from, to in string.gmatch(openings, '(%d+)-(%d+)') do
    from, to = tonumber(from), tonumber(to)
    if to == 0 or now < to then return from, now >= from end
  end
  return 0, false
end

-- Whoever joined up to this sequence did so for an opening that is over. A line that is closed has no turns any more.
local function ended_sequence(now)
  local from, noted = opening(now), meta('opening')
  if not noted or from == tonumber(noted) or meta('state') == 'CLOSED' then return meta_number('ended') end
  return meta_number('sequence')
end

-- Notes whose turn it is, before anybody joins: who joins then is not among those that are over. Also before the openings are
-- changed or the line is closed: what has ended until then stays ended so.
local function turn_opening(now)
  local from, ended = opening(now), ended_sequence(now)
  redis.call('HSET', META, 'opening', from, 'ended', ended)
  return ended
end

-- Appends a delta in the same call as the change itself; its number grows by one, whence gaps are seen.
local function tell(kind, id, user, sequence, now, expires)
  local number = redis.call('HINCRBY', META, 'delta', 1)
  redis.call('HSET', META, 'clock', now)
  redis.call('XADD', LOG, string.format('%.0f-0', number), 'd',
    string.format('%s|%s|%s|%.0f|%.0f|%.0f', kind, id, user, sequence, now, expires))
  return number
end

local function load_ticket(id)
  local record = redis.call('HGET', TICKETS, id)
  if not record then return nil end
  local state, sequence, user, expires, version =
    string.match(record, '^([%u_]+)|(%d+)|([%x-]+)|(%d+)|(%d+)$')
  return { id = id, state = state, sequence = tonumber(sequence), user = user,
           expires = tonumber(expires), version = tonumber(version) }
end

-- Writes the ticket and its delta together: a ticket's version is the number of the delta that last changed it.
local function save_ticket(ticket, kind, now)
  ticket.version = tell(kind, ticket.id, ticket.user, ticket.sequence, now, ticket.expires)
  redis.call('HSET', TICKETS, ticket.id, string.format('%s|%.0f|%s|%.0f|%.0f',
    ticket.state, ticket.sequence, ticket.user, ticket.expires, ticket.version))
end

-- Ends a ticket: it gives up its place or its slot.
local function finish(ticket, state, kind, now)
  if ticket.state == 'WAITING' then
    redis.call('ZREM', WAITING, ticket.id)
    redis.call('ZREM', SEEN, ticket.id)
    redis.call('SETBIT', BITS, ticket.sequence, 0)
  else
    redis.call('ZREM', ACTIVE, ticket.id)
  end
  ticket.state = state
  save_ticket(ticket, kind, now)
end

-- What a ticket is now, whatever the sweeper has got to: a session is over at its end, a closed line has no waiters, and
-- neither has an opening that is over. Who is dropped has the reason for a state: SILENT, OPENING_ENDED or QUEUE_CLOSED;
-- EXPIRED alone was written by earlier versions.
local function judged(ticket, now)
  if ticket.state == 'ADMITTED' and ticket.expires <= now then return 'SESSION_EXPIRED' end
  if ticket.state == 'WAITING' and ticket.sequence <= ended_sequence(now) then return 'OPENING_ENDED' end
  if ticket.state == 'WAITING' and meta('state') == 'CLOSED' then return 'QUEUE_CLOSED' end
  return ticket.state
end

local function described(outcome, ticket, now)
  local state, position, size = judged(ticket, now), 0, 0
  if state == 'WAITING' then position = redis.call('ZCOUNT', WAITING, '-inf', ticket.sequence) end
  if meta('state') ~= 'CLOSED' then size = redis.call('ZCARD', WAITING) end
  return { outcome, now, ticket.id, state, ticket.sequence, ticket.user, ticket.expires, ticket.version,
           position, size }
end

-- Admissions of the last 60 s, and at most a second more: the buckets are whole seconds.
local function minute_used(now)
  local oldest = math.floor(now / 1000) - 60
  local used = 0
  local buckets = redis.call('HGETALL', MINUTE)
  for i = 1, #buckets, 2 do
    if tonumber(buckets[i]) < oldest then
      redis.call('HDEL', MINUTE, buckets[i])
    else
      used = used + tonumber(buckets[i + 1])
    end
  end
  return used
end

local function facts(now)
  local _, is_on = opening(now)
  return { 'FACTS', now, meta('state'), is_on and 1 or 0, redis.call('ZCARD', WAITING),
           redis.call('ZCARD', ACTIVE), meta_number('cap'), meta_number('per_minute'), minute_used(now),
           meta_number('stock_at'), meta_number('stock_free'), meta_number('stock_held'),
           meta_number('stock_paying'), meta_number('joined'), meta_number('admitted'),
           meta_number('delta') }
end

-- A closed line is kept for a while, for those who ask; the lease keeps its own, short life.
local function keep_for(ms)
  for i = 1, #KEYS do
    if KEYS[i] ~= LEASE then redis.call('PEXPIRE', KEYS[i], ms) end
  end
end
