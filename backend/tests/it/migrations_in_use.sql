INSERT INTO users (user_id, issuer, subject) VALUES ('00000000-0000-0000-0000-000000000001', 'https://login.test', 'ana');
INSERT INTO stadiums (stadium_id, name, city, country, capacity)
VALUES ('00000000-0000-0000-0000-000000000010', 'Poljud', 'Split', 'HR', 5);
INSERT INTO sectors (sector_id, stadium_id, code, name, stand, price_category)
VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000010', 'A', 'Zapad', 'WEST', 1),
       ('00000000-0000-0000-0000-00000000000b', '00000000-0000-0000-0000-000000000010', 'B', 'Istok', 'EAST', 2),
       ('00000000-0000-0000-0000-00000000000c', '00000000-0000-0000-0000-000000000010', 'C', 'Sjever', 'NORTH', 2);
INSERT INTO seats (seat_id, sector_id, row_label, number, kind, snake_rank, run_id)
SELECT ('00000000-0000-0000-0000-0000000000' || code || seat)::uuid, ('00000000-0000-0000-0000-00000000000' || code)::uuid,
       '1', seat::text, CASE WHEN code = 'c' AND seat = 2 THEN 'TECHNICAL' ELSE 'STANDARD' END::seat_kind, seat, 1
FROM unnest(ARRAY['a', 'b', 'c']) AS code, generate_series(1, 2) AS seat;

INSERT INTO matches (match_id, home_team, away_team, competition, stadium_id, kick_off_at, state, waiting_room_queue_id, created_at)
VALUES ('00000000-0000-0000-0000-000000000021', 'Hajduk', 'Rijeka', 'HNL', '00000000-0000-0000-0000-000000000010',
        '2026-03-01T18:00:00Z', 'PUBLISHED', '00000000-0000-0000-0000-000000000031', '2026-01-01T12:00:00Z'),
       ('00000000-0000-0000-0000-000000000022', 'Dinamo', 'Osijek', 'HNL', '00000000-0000-0000-0000-000000000010',
        '2026-04-01T18:00:00Z', 'DRAFT', NULL, '2026-01-02T12:00:00Z');
INSERT INTO match_sales (match_id, opens_at, closes_at, currency, ticket_limit, fee_percent, ticket_vat_percent, fee_vat_percent,
                         session_seconds, last_attempt_seconds, landing_seconds, max_active_sessions, refund_deadline_hours)
VALUES ('00000000-0000-0000-0000-000000000021', '2026-01-31T18:00:00Z', '2026-02-28T18:00:00Z', 'EUR', 6, 5, 25, 25,
        1200, 90, 60, 100, 48);
INSERT INTO match_zones (zone_id, match_id, sector_id, name, presale_price, match_day_price)
VALUES ('00000000-0000-0000-0000-00000000004a', '00000000-0000-0000-0000-000000000021', '00000000-0000-0000-0000-00000000000a',
        'Zapad', 40, 50),
       ('00000000-0000-0000-0000-00000000004b', '00000000-0000-0000-0000-000000000021', '00000000-0000-0000-0000-00000000000b',
        'Istok', 60, 70);
INSERT INTO match_seat_inventory (match_id, seat_id, zone_id, snake_rank, run_id, status)
SELECT match_id, seat_id, zone_id, snake_rank, run_id,
       CASE WHEN seats.sector_id = '00000000-0000-0000-0000-00000000000a' AND snake_rank = 1 THEN 'SOLD' ELSE 'AVAILABLE' END::seat_status
FROM match_zones JOIN seats USING (sector_id);

INSERT INTO carts (cart_id, match_id, user_id, zone_id, seat_ids, unit_price, currency, adjacent, version, idempotency_key,
                   held_at, locked_until, ended_at, ended_as)
VALUES ('00000000-0000-0000-0000-000000000050', '00000000-0000-0000-0000-000000000021', '00000000-0000-0000-0000-000000000001',
        '00000000-0000-0000-0000-00000000004a',
        ARRAY['00000000-0000-0000-0000-0000000000a1', '00000000-0000-0000-0000-0000000000a2']::uuid[], 40, 'EUR', true, 1, 'hold',
        '2026-01-31T18:01:00Z', '2026-01-31T18:21:00Z', '2026-01-31T18:05:00Z', 'SOLD');
INSERT INTO orders (order_id, match_id, user_id, cart_id, zone_id, state, accept_equal_seats, total, currency, session_ends_at,
                    session_ticket_id, created_at, ended_at, idempotency_key, request_hash)
VALUES ('00000000-0000-0000-0000-000000000060', '00000000-0000-0000-0000-000000000021', '00000000-0000-0000-0000-000000000001',
        '00000000-0000-0000-0000-000000000050', '00000000-0000-0000-0000-00000000004a', 'COMPLETED', false, 84, 'EUR',
        '2026-01-31T18:21:00Z', '00000000-0000-0000-0000-000000000099', '2026-01-31T18:02:00Z', '2026-01-31T18:05:00Z', 'order', '\x00');
INSERT INTO order_lines (order_id, line_no, seat_id, holder_name, holder_born, holder_nationality, document_kind, document_encrypted,
                         identity, ticket_price, ticket_vat, fee, fee_vat)
SELECT '00000000-0000-0000-0000-000000000060', line, ('00000000-0000-0000-0000-0000000000a' || line)::uuid, 'Osoba ' || line,
       '1990-01-31', 'HR', 'OIB', '\x00', decode('1' || line, 'hex'), 40, 8, 2, 0.4
FROM generate_series(1, 2) AS line;
INSERT INTO payments (payment_id, order_id, state, amount, currency, intent_id, started_at, captured_at)
VALUES ('00000000-0000-0000-0000-000000000070', '00000000-0000-0000-0000-000000000060', 'SUCCEEDED', 84, 'EUR', 'pi_1',
        '2026-01-31T18:03:00Z', '2026-01-31T18:04:00Z');
INSERT INTO tickets (ticket_id, order_id, line_no, match_id, seat_id, user_id, identity, holder_name, state, barcode, issued_at,
                     cancelled_at)
SELECT ('00000000-0000-0000-0000-00000000008' || line_no)::uuid, order_id, line_no, '00000000-0000-0000-0000-000000000021', seat_id,
       '00000000-0000-0000-0000-000000000001', identity, holder_name,
       CASE line_no WHEN 1 THEN 'SOLD' ELSE 'CANCELLED' END::ticket_state, 'T' || line_no, '2026-01-31T18:05:00Z',
       CASE line_no WHEN 2 THEN timestamptz '2026-02-01T18:05:00Z' END
FROM order_lines;

INSERT INTO blacklist (identity, source) VALUES ('\x01', 'police'), ('\x02', 'club');
INSERT INTO blacklist_violations (violation_id, identity, match_id, user_id, blocked_at)
VALUES ('00000000-0000-0000-0000-000000000090', '\x01', '00000000-0000-0000-0000-000000000021',
        '00000000-0000-0000-0000-000000000001', '2026-02-01T12:00:00Z');
INSERT INTO jobs (job_id, kind, subject_id, attempts, done_at)
VALUES ('00000000-0000-0000-0000-0000000000f1', 'provision_queue', '00000000-0000-0000-0000-000000000021', 0, now()),
       ('00000000-0000-0000-0000-0000000000f2', 'provision_queue', '00000000-0000-0000-0000-000000000022', 3, NULL),
       ('00000000-0000-0000-0000-0000000000f3', 'expire_order', '00000000-0000-0000-0000-000000000060', 1, NULL);
