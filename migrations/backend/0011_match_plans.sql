-- A match as staff plan it: what it shows, which sectors are sold for what, in which phases; and how it ends.

CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TYPE phase_kind AS ENUM ('LOYALTY', 'GENERAL_PUBLIC');
CREATE TYPE match_sector_state AS ENUM ('ACTIVE', 'CLOSED', 'MAINTENANCE', 'STERILE');

ALTER TABLE matches
    ADD COLUMN version                 integer NOT NULL DEFAULT 1,
    -- How many queues it had before this one: a closed queue stays closed, and a sale that goes on gets another.
    ADD COLUMN queues_over             integer NOT NULL DEFAULT 0,
    ADD COLUMN content                 jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN visible_from            timestamptz,
    ADD COLUMN updated_at              timestamptz NOT NULL DEFAULT clock_timestamp(),
    ADD COLUMN published_at            timestamptz,
    ADD COLUMN closed_at               timestamptz,
    ADD COLUMN cancellation_started_at timestamptz,
    ADD COLUMN cancellation_started_by uuid REFERENCES users,
    ADD COLUMN cancellation_reason     text,
    ADD COLUMN cancelled_at            timestamptz,
    ADD COLUMN deleted_at              timestamptz,
    ADD CONSTRAINT matches_cancellation_has_a_reason
        CHECK ((cancellation_started_at IS NULL) = (cancellation_reason IS NULL)),
    ADD CONSTRAINT matches_cancelled_in_two_steps
        CHECK (cancelled_at IS NULL OR cancellation_started_at IS NOT NULL);
UPDATE matches SET published_at = created_at WHERE state <> 'DRAFT';
CREATE INDEX matches_by_kick_off ON matches (kick_off_at, match_id) WHERE deleted_at IS NULL;

CREATE TABLE match_price_categories (
    match_id        uuid NOT NULL REFERENCES matches,
    code            integer NOT NULL,
    name            text NOT NULL,
    presale_price   numeric(10,2) NOT NULL CHECK (presale_price >= 0),
    match_day_price numeric(10,2) NOT NULL CHECK (match_day_price >= 0),
    PRIMARY KEY (match_id, code)
);

-- How a match uses its stadium's sectors. What is not ACTIVE has its seats, and sells none.
CREATE TABLE match_sectors (
    match_id       uuid NOT NULL REFERENCES matches,
    sector_id      uuid NOT NULL REFERENCES sectors,
    state          match_sector_state NOT NULL DEFAULT 'ACTIVE',
    purpose        text,
    is_free        boolean NOT NULL DEFAULT false,
    price_category integer NOT NULL,
    PRIMARY KEY (match_id, sector_id)
);

CREATE TABLE sales_phases (
    phase_id     uuid PRIMARY KEY,
    match_id     uuid NOT NULL REFERENCES matches,
    kind         phase_kind NOT NULL,
    starts_at    timestamptz NOT NULL,
    ends_at      timestamptz NOT NULL,
    ticket_limit integer NOT NULL CHECK (ticket_limit BETWEEN 1 AND 4),
    thresholds   jsonb NOT NULL DEFAULT '[]',
    -- Why it ended before its time: BY_HAND, SOLD_OUT.
    ended_early  text,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT sales_phases_have_a_length CHECK (starts_at <= ends_at),
    CONSTRAINT sales_phases_do_not_overlap
        EXCLUDE USING gist (match_id WITH =, tstzrange(starts_at, ends_at) WITH &&)
);
INSERT INTO sales_phases (phase_id, match_id, kind, starts_at, ends_at, ticket_limit)
SELECT gen_random_uuid(), match_id, 'GENERAL_PUBLIC', opens_at, closes_at, least(ticket_limit, 4) FROM match_sales;
CREATE INDEX sales_phases_by_match ON sales_phases (match_id);

-- A sale's times are those of its phases.
ALTER TABLE match_sales
    DROP COLUMN opens_at,
    DROP COLUMN closes_at;

-- The phase of a match that is open, or the next one, or else the last one.
CREATE VIEW sale_windows AS
SELECT DISTINCT ON (match_id) match_id, phase_id, kind, starts_at, ends_at, ticket_limit AS phase_limit, thresholds
FROM sales_phases
ORDER BY match_id, ends_at <= clock_timestamp(), CASE WHEN ends_at > clock_timestamp() THEN starts_at END, ends_at DESC;
-- Matches that are there keep their prices: a price category for each pair of them.
INSERT INTO match_price_categories (match_id, code, name, presale_price, match_day_price)
SELECT match_id, price_category, price_category::text, min(presale_price), min(match_day_price)
FROM match_zones JOIN sectors USING (sector_id) GROUP BY match_id, price_category;
INSERT INTO match_sectors (match_id, sector_id, price_category)
SELECT match_id, sector_id, price_category FROM match_zones JOIN sectors USING (sector_id);

UPDATE jobs SET kind = 'sync_queue' WHERE kind = 'provision_queue';

-- Everybody with a ticket is told something of their match; `told_up_to` is the last order whose people were.
CREATE TYPE match_notice_kind AS ENUM ('CHANGED', 'CANCELLED');
CREATE TABLE match_notices (
    notice_id  uuid PRIMARY KEY,
    match_id   uuid NOT NULL REFERENCES matches,
    kind       match_notice_kind NOT NULL,
    told_up_to uuid,
    mails      integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    done_at    timestamptz
);
CREATE INDEX tickets_of_match ON tickets (match_id, order_id);
