-- The whole line in one piece, together with the number of the delta up to which it is true.
return { redis.call('GET', BITS) or '', meta_number('delta'), meta_number('sequence'), meta('state'), meta('reason') }
