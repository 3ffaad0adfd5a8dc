-- What the origin says is left. ARGV: free, held, paying
local now = clock()
redis.call('HSET', META, 'stock_at', now, 'stock_free', ARGV[1], 'stock_held', ARGV[2], 'stock_paying', ARGV[3])
return { 'NOTED', now }
