-- Orders, payments, tickets, refunds, the ledger, the blacklist.

CREATE TYPE order_state AS ENUM ('AWAITING_PAYMENT', 'COMPLETED', 'CANCELLED', 'EXPIRED', 'REFUNDED');

CREATE SEQUENCE order_numbers;

CREATE TABLE orders (
    order_id           uuid PRIMARY KEY,
    order_number       bigint NOT NULL DEFAULT nextval('order_numbers') CONSTRAINT orders_one_per_number UNIQUE,
    match_id           uuid NOT NULL REFERENCES matches,
    user_id            uuid NOT NULL REFERENCES users,
    cart_id            uuid NOT NULL REFERENCES carts CONSTRAINT orders_one_per_cart UNIQUE,
    zone_id            uuid NOT NULL REFERENCES match_zones,
    state              order_state NOT NULL,
    accept_equal_seats boolean NOT NULL,
    total              numeric(10,2) NOT NULL,
    currency           text NOT NULL,
    session_ends_at    timestamptz NOT NULL,
    session_ticket_id  uuid NOT NULL,
    version            integer NOT NULL DEFAULT 1,
    created_at         timestamptz NOT NULL,
    ended_at           timestamptz,
    end_reason         text,
    idempotency_key    text NOT NULL,
    request_hash       bytea NOT NULL,
    CONSTRAINT orders_one_per_key UNIQUE (user_id, idempotency_key),
    CONSTRAINT orders_end_is_whole CHECK ((state = 'AWAITING_PAYMENT') = (ended_at IS NULL))
);
CREATE INDEX orders_of_user ON orders (user_id, order_id DESC);
CREATE INDEX orders_open ON orders (session_ends_at) WHERE state = 'AWAITING_PAYMENT';

CREATE TYPE document_kind AS ENUM ('OIB', 'PASSPORT');

CREATE TABLE order_lines (
    order_id           uuid NOT NULL REFERENCES orders,
    line_no            integer NOT NULL,
    seat_id            uuid NOT NULL,
    holder_name        text NOT NULL,
    holder_born        date NOT NULL,
    holder_nationality text NOT NULL,
    holder_email       text,
    document_kind      document_kind NOT NULL,
    document_encrypted bytea NOT NULL,
    identity           bytea NOT NULL,
    ticket_price       numeric(10,2) NOT NULL,
    ticket_vat         numeric(10,2) NOT NULL,
    fee                numeric(10,2) NOT NULL,
    fee_vat            numeric(10,2) NOT NULL,
    PRIMARY KEY (order_id, line_no)
);

CREATE TYPE payment_state AS ENUM ('CREATING', 'AWAITING_CARD', 'SUCCEEDED', 'CANCELED');

-- One PaymentIntent per order, whatever the number of cards tried. `payment_id` is our idempotency key towards Stripe and
-- is stored before the first call.
CREATE TABLE payments (
    payment_id  uuid PRIMARY KEY,
    order_id    uuid NOT NULL REFERENCES orders CONSTRAINT payments_one_per_order UNIQUE,
    state       payment_state NOT NULL,
    amount      numeric(10,2) NOT NULL,
    currency    text NOT NULL,
    intent_id   text CONSTRAINT payments_one_per_intent UNIQUE,
    started_at  timestamptz NOT NULL,
    cancel_asked_at timestamptz,
    captured_at timestamptz,
    canceled_at timestamptz,
    CONSTRAINT payments_capture_is_dated CHECK ((state = 'SUCCEEDED') = (captured_at IS NOT NULL))
);

CREATE TYPE refund_state AS ENUM ('PENDING', 'SUCCEEDED', 'FAILED');

CREATE TABLE refunds (
    refund_id    uuid PRIMARY KEY,
    payment_id   uuid NOT NULL REFERENCES payments CONSTRAINT refunds_one_per_payment UNIQUE,
    order_id     uuid NOT NULL REFERENCES orders,
    amount       numeric(10,2) NOT NULL,
    currency     text NOT NULL,
    reason       text NOT NULL,
    state        refund_state NOT NULL,
    gateway_id   text CONSTRAINT refunds_one_per_gateway_id UNIQUE,
    created_at   timestamptz NOT NULL,
    completed_at timestamptz
);

-- Every verified webhook, as it came. Applied through the bus, or from here when the bus is late.
CREATE TABLE gateway_events (
    gateway_event_id text PRIMARY KEY,
    kind             text NOT NULL,
    payload          jsonb NOT NULL,
    site             text NOT NULL,
    event_id         uuid NOT NULL,
    received_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    applied_at       timestamptz,
    outcome          text
);
CREATE INDEX gateway_events_waiting ON gateway_events (received_at) WHERE applied_at IS NULL;

CREATE TYPE ticket_state AS ENUM ('SOLD', 'ATTENDED', 'CANCELLED');

CREATE TABLE tickets (
    ticket_id   uuid PRIMARY KEY,
    order_id    uuid NOT NULL,
    line_no     integer NOT NULL,
    match_id    uuid NOT NULL REFERENCES matches,
    seat_id     uuid NOT NULL REFERENCES seats,
    user_id     uuid NOT NULL REFERENCES users,
    identity    bytea NOT NULL,
    holder_name text NOT NULL,
    state       ticket_state NOT NULL,
    barcode     text NOT NULL CONSTRAINT tickets_one_per_barcode UNIQUE,
    epoch       integer NOT NULL DEFAULT 1,
    issued_at   timestamptz NOT NULL,
    CONSTRAINT tickets_one_per_line UNIQUE (order_id, line_no),
    FOREIGN KEY (order_id, line_no) REFERENCES order_lines
);
-- The last guards of double_sold and duplicate_holders: whatever the code above them does, Postgres refuses.
CREATE UNIQUE INDEX tickets_one_live_per_seat ON tickets (match_id, seat_id) WHERE state <> 'CANCELLED';
CREATE UNIQUE INDEX tickets_one_live_per_identity ON tickets (match_id, identity) WHERE state <> 'CANCELLED';
CREATE INDEX tickets_of_user ON tickets (user_id, ticket_id DESC);

-- Double entry: the legs of a movement sum to zero, checked at commit.
CREATE TABLE ledger_entries (
    movement_id uuid NOT NULL,
    leg         integer NOT NULL,
    order_id    uuid NOT NULL,
    account     text NOT NULL,
    amount      numeric(12,2) NOT NULL,
    currency    text NOT NULL,
    booked_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (movement_id, leg)
);
CREATE FUNCTION ledger_movement_is_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM ledger_entries WHERE movement_id = NEW.movement_id GROUP BY currency HAVING sum(amount) <> 0
    ) THEN
        RAISE EXCEPTION 'ledger movement % does not sum to zero', NEW.movement_id USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_movement_is_balanced';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_movement_is_balanced AFTER INSERT ON ledger_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_movement_is_balanced();

CREATE TABLE blacklist (
    identity   bytea PRIMARY KEY,
    source     text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE blacklist_violations (
    violation_id uuid PRIMARY KEY,
    identity     bytea NOT NULL,
    match_id     uuid NOT NULL,
    user_id      uuid NOT NULL,
    blocked_at   timestamptz NOT NULL DEFAULT now()
);
