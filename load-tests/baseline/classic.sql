-- The baseline of `bench holds`: the seats of one match as a shop keeps them that claims with one statement for each request.
-- 4 sectors of 500,000 seats, a partial index on the free ones; narrow rows with room for updates in place, as ours.
DROP TABLE IF EXISTS classic_seats;
CREATE TABLE classic_seats (
    seat_id      integer NOT NULL,
    sector_id    integer NOT NULL,
    snake_rank   integer NOT NULL,
    cart_id      uuid,
    locked_until timestamptz
) WITH (fillfactor = 70);
INSERT INTO classic_seats (seat_id, sector_id, snake_rank)
SELECT (sector_id - 1) * 500000 + snake_rank, sector_id, snake_rank
FROM generate_series(1, 4) sector_id, generate_series(1, 500000) snake_rank;
ALTER TABLE classic_seats ADD PRIMARY KEY (seat_id);
CREATE INDEX classic_seats_free ON classic_seats (sector_id, snake_rank) WHERE cart_id IS NULL;
