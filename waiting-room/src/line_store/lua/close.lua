-- The leader closes the line. Who waits is over at once (`judged`); the sweeper writes it down.
-- ARGV: fencing token, reason, ms to keep a closed line
local now = clock()
if tonumber(ARGV[1]) ~= meta_number('fence') then return { 'FENCED', now } end
if meta('state') == 'CLOSED' then return { 'CLOSED', now } end
turn_opening(now)
redis.call('HSET', META, 'state', 'CLOSED', 'reason', ARGV[2])
tell('QUEUE_CLOSED', ARGV[2], '', 0, now, 0)
keep_for(ARGV[3])
return { 'CLOSED', now }
