-- A fan leaves, or the tenant ends a session. Repeating it changes nothing.
-- ARGV: ticket, 'LEAVE' | 'COMPLETE' | 'ABANDON'
local now = clock()
local ticket = load_ticket(ARGV[1])
if not ticket then return { 'NO_TICKET', now } end
local state = judged(ticket, now)
if state ~= ticket.state then
  -- The sweeper has not come by yet: what the clock or the closing ended stays ended so.
  finish(ticket, state, state, now)
elseif state == 'WAITING' then
  if ARGV[2] ~= 'LEAVE' then return described('NOT_ADMITTED', ticket, now) end
  finish(ticket, 'CANCELLED', 'LEFT', now)
elseif state == 'ADMITTED' then
  if ARGV[2] == 'COMPLETE' then
    finish(ticket, 'COMPLETED', 'COMPLETED', now)
  else
    finish(ticket, 'CANCELLED', 'CANCELLED', now)
  end
end
return described('FINISHED', ticket, now)
