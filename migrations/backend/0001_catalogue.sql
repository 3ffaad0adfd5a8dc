-- Who buys, where, what: users, stadiums, matches and the terms of their sale.

CREATE TABLE users (
    user_id    uuid PRIMARY KEY,
    issuer     text NOT NULL,
    subject    text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_one_per_subject UNIQUE (issuer, subject)
);

-- The OIB is never stored in the clear: AES-GCM-SIV under a key outside the database, and a keyed blind index to compare.
CREATE TABLE user_profiles (
    user_id       uuid PRIMARY KEY REFERENCES users,
    full_name     text NOT NULL,
    date_of_birth date NOT NULL,
    nationality   text NOT NULL,
    oib_encrypted bytea NOT NULL,
    oib_index     bytea NOT NULL,
    email         text NOT NULL,
    phone         text,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT user_profiles_one_per_oib UNIQUE (oib_index)
);

CREATE TABLE stadiums (
    stadium_id uuid PRIMARY KEY,
    name       text NOT NULL CONSTRAINT stadiums_one_per_name UNIQUE,
    city       text NOT NULL,
    country    text NOT NULL,
    capacity   integer NOT NULL
);

CREATE TABLE sectors (
    sector_id      uuid PRIMARY KEY,
    stadium_id     uuid NOT NULL REFERENCES stadiums,
    code           text NOT NULL,
    name           text NOT NULL,
    stand          text NOT NULL,
    price_category integer NOT NULL,
    CONSTRAINT sectors_one_per_code UNIQUE (stadium_id, code)
);

CREATE TYPE seat_kind AS ENUM ('STANDARD', 'TECHNICAL', 'WHEELCHAIR', 'COMPANION');

-- `snake_rank` orders a sector's seats as the snake walks them; seats i and i+1 of one run are neighbours.
CREATE TABLE seats (
    seat_id    uuid PRIMARY KEY,
    sector_id  uuid NOT NULL REFERENCES sectors,
    row_label  text NOT NULL,
    number     text NOT NULL,
    kind       seat_kind NOT NULL,
    snake_rank integer NOT NULL,
    run_id     integer NOT NULL,
    CONSTRAINT seats_one_per_label UNIQUE (sector_id, row_label, number),
    CONSTRAINT seats_one_per_rank UNIQUE (sector_id, snake_rank)
);

CREATE TYPE match_state AS ENUM ('DRAFT', 'PUBLISHED', 'CLOSED', 'CANCELLED');

CREATE TABLE matches (
    match_id              uuid PRIMARY KEY,
    home_team             text NOT NULL,
    away_team             text NOT NULL,
    competition           text NOT NULL,
    stadium_id            uuid NOT NULL REFERENCES stadiums,
    kick_off_at           timestamptz NOT NULL,
    state                 match_state NOT NULL,
    waiting_room_queue_id uuid,
    created_at            timestamptz NOT NULL DEFAULT now()
);

-- Business policy is data: one row per match, changed by staff.
CREATE TABLE match_sales (
    match_id                     uuid PRIMARY KEY REFERENCES matches,
    opens_at                     timestamptz NOT NULL,
    closes_at                    timestamptz NOT NULL,
    currency                     text NOT NULL,
    ticket_limit                 integer NOT NULL CHECK (ticket_limit > 0),
    fee_percent                  numeric(5,2) NOT NULL,
    ticket_vat_percent           numeric(5,2) NOT NULL,
    fee_vat_percent              numeric(5,2) NOT NULL,
    session_seconds              integer NOT NULL,
    last_attempt_seconds         integer NOT NULL,
    landing_seconds              integer NOT NULL,
    max_active_sessions          integer NOT NULL,
    CONSTRAINT match_sales_clock_fits CHECK (
        last_attempt_seconds > 0 AND landing_seconds > 0 AND session_seconds > last_attempt_seconds
    ),
    CONSTRAINT match_sales_opens_before_it_closes CHECK (opens_at < closes_at)
);

-- A zone is one sector of the match under its public name.
CREATE TABLE match_zones (
    zone_id         uuid PRIMARY KEY,
    match_id        uuid NOT NULL REFERENCES matches,
    sector_id       uuid NOT NULL REFERENCES sectors,
    name            text NOT NULL,
    presale_price   numeric(10,2) NOT NULL,
    match_day_price numeric(10,2) NOT NULL,
    CONSTRAINT match_zones_one_per_sector UNIQUE (match_id, sector_id)
);
