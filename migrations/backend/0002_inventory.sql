-- The hot path. A seat in a cart is AVAILABLE with `cart_id` set and `locked_until` ahead; a lock that is past is free
-- again by definition, sweeper or not.

CREATE TYPE seat_status AS ENUM (
    'AVAILABLE', 'SOLD', 'RESERVED', 'TECHNICAL', 'OFFICIAL', 'BLOCKED', 'MAINTENANCE', 'QUARANTINED', 'ALLOCATED', 'INACTIVE'
);

CREATE TABLE match_seat_inventory (
    match_id     uuid NOT NULL,
    seat_id      uuid NOT NULL,
    zone_id      uuid NOT NULL,
    snake_rank   integer NOT NULL,
    run_id       integer NOT NULL,
    status       seat_status NOT NULL,
    cart_id      uuid,
    locked_until timestamptz,
    PRIMARY KEY (match_id, seat_id),
    CONSTRAINT match_seat_inventory_lock_is_whole CHECK ((cart_id IS NULL) = (locked_until IS NULL)),
    CONSTRAINT match_seat_inventory_sold_is_unlocked CHECK (status = 'AVAILABLE' OR cart_id IS NULL)
) WITH (fillfactor = 70);

-- Holding changes neither zone, rank nor status: such updates stay HOT.
CREATE INDEX match_seat_inventory_snake ON match_seat_inventory (zone_id, snake_rank) WHERE status = 'AVAILABLE';

CREATE TYPE cart_end AS ENUM ('REPLACED', 'RELEASED', 'SOLD', 'CANCELLED', 'EXPIRED');

-- A hold's history and its idempotency record. Append-only but for `locked_until` (moved once by a payment attempt) and its end.
CREATE TABLE carts (
    cart_id         uuid PRIMARY KEY,
    match_id        uuid NOT NULL,
    user_id         uuid NOT NULL,
    zone_id         uuid NOT NULL,
    seat_ids        uuid[] NOT NULL,
    unit_price      numeric(10,2) NOT NULL,
    currency        text NOT NULL,
    adjacent        boolean NOT NULL,
    version         integer NOT NULL,
    idempotency_key text NOT NULL,
    held_at         timestamptz NOT NULL,
    locked_until    timestamptz NOT NULL,
    ended_at        timestamptz,
    ended_as        cart_end,
    CONSTRAINT carts_one_per_key UNIQUE (user_id, idempotency_key),
    CONSTRAINT carts_end_is_whole CHECK ((ended_at IS NULL) = (ended_as IS NULL)),
    CONSTRAINT carts_hold_one_to_four CHECK (cardinality(seat_ids) BETWEEN 1 AND 4)
);

-- Mutex, cart and allowance of one buyer in one match: used = sold + cart_seats while `cart_until` is ahead. `order_id`: the
-- cart is checked out and can only be paid or cancelled.
CREATE TABLE match_buyers (
    match_id   uuid NOT NULL,
    user_id    uuid NOT NULL,
    sold       integer NOT NULL DEFAULT 0 CHECK (sold >= 0),
    cart_id    uuid,
    cart_seats integer NOT NULL DEFAULT 0,
    cart_until timestamptz,
    order_id   uuid,
    version    integer NOT NULL DEFAULT 0,
    PRIMARY KEY (match_id, user_id),
    CONSTRAINT match_buyers_order_is_of_the_cart CHECK (order_id IS NULL OR cart_id IS NOT NULL),
    CONSTRAINT match_buyers_cart_is_whole CHECK (
        (cart_id IS NULL) = (cart_until IS NULL) AND (cart_id IS NULL) = (cart_seats = 0)
    )
) WITH (fillfactor = 70);

-- One ticket per person and match, over all channels. Taken while `ticket_id` is set or `held_until` is ahead.
CREATE TABLE match_identities (
    match_id   uuid NOT NULL,
    identity   bytea NOT NULL,
    order_id   uuid NOT NULL,
    ticket_id  uuid,
    held_until timestamptz NOT NULL,
    PRIMARY KEY (match_id, identity)
);
