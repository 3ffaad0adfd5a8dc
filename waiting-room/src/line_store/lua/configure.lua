-- Founds the line, or brings newer settings to it. A closed line stays closed.
-- ARGV: settings version, state, reason, cap, per minute (0: none), openings, session ttl, ticket ttl, sequence to go on from, ms to keep a closed line
local version, state, reason = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local founded = redis.call('EXISTS', META) == 0
local now = clock()
if founded then
  -- Delta numbers never repeat, not even after the store lost everything: they start from the time, in µs.
  redis.call('HSET', META, 'version', -1, 'state', 'OPEN', 'reason', '', 'delta', string.format('%.0f', math.floor(now / 1000) * 1000000),
    'sequence', ARGV[9], 'joined', 0, 'admitted', 0, 'fence', 0, 'session_ttl', ARGV[7],
    'ticket_ttl', ARGV[8])
  tell('QUEUE_FOUNDED', '', '', 0, now, 0)
end
if version <= meta_number('version') then return { 'UNCHANGED', now } end
if not founded then turn_opening(now) end
redis.call('HSET', META, 'version', version, 'cap', ARGV[4], 'per_minute', ARGV[5], 'openings', ARGV[6])
local before = meta('state')
if before ~= 'CLOSED' and before ~= state then
  redis.call('HSET', META, 'state', state, 'reason', reason)
  local kinds = { OPEN = 'QUEUE_RESUMED', PAUSED = 'QUEUE_PAUSED', CLOSED = 'QUEUE_CLOSED' }
  tell(kinds[state], reason, '', 0, now, 0)
end
if meta('state') == 'CLOSED' then
  keep_for(ARGV[10])
end
return { 'CHANGED', now }
