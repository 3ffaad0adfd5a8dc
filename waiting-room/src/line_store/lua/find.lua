-- Reads one ticket. ARGV: 'ticket' or 'user', its id
local now = clock()
local id = ARGV[2]
if ARGV[1] == 'user' then id = redis.call('HGET', USERS, id) end
local ticket = id and load_ticket(id)
if not ticket then return { 'NO_TICKET', now } end
return described('FOUND', ticket, now)
