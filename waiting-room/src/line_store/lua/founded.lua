-- Put between the prelude and every script that needs the line to be there.
if redis.call('EXISTS', META) == 0 then return { 'NO_LINE' } end
