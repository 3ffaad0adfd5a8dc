-- A leader that stops gives the lease back. ARGV: node
if redis.call('GET', LEASE) == ARGV[1] then redis.call('DEL', LEASE) end
return { 'RELEASED', clock() }
