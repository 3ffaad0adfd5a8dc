-- The planner must not believe that it knows the matches: one that was published after the last ANALYZE is missing from its list of
-- common values, so it would think it empty and read all seats of it for each hold. Without statistics on this column it expects a
-- share of the table, and finds the seats by their key (ADR 0011).
-- The change of type changes nothing but forgets the statistics that are there. It takes half a second per million seats, and
-- nobody buys meanwhile: migrate before a sale, not in it.
ALTER TABLE match_seat_inventory ALTER COLUMN match_id TYPE uuid;
ALTER TABLE match_seat_inventory ALTER COLUMN match_id SET STATISTICS 0;
