-- Tenants, their queues, and the line's log.

CREATE TABLE tenants (
    tenant_id  uuid PRIMARY KEY,
    name       text NOT NULL,
    public_key text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tenants_one_per_name UNIQUE (name)
);

CREATE TYPE queue_state AS ENUM ('OPEN', 'PAUSED', 'CLOSED');

-- Times that the line computes with are whole milliseconds.
CREATE TABLE queues (
    queue_id              uuid PRIMARY KEY,
    -- Carried in the last 32 bits of the queue's ticket ids.
    queue_number          integer GENERATED ALWAYS AS IDENTITY,
    tenant_id             uuid NOT NULL REFERENCES tenants,
    reference             text NOT NULL,
    -- Grows with every change of what follows; an older version never overwrites a newer one in the line's store.
    settings_version      bigint NOT NULL DEFAULT 1,
    state                 queue_state NOT NULL DEFAULT 'OPEN',
    close_reason          text,
    max_active_sessions   integer NOT NULL,
    admissions_per_minute integer,
    session_ttl_seconds   integer NOT NULL,
    ticket_ttl_seconds    integer NOT NULL,
    opens_at              timestamptz(3) NOT NULL,
    created_at            timestamptz NOT NULL DEFAULT now(),
    -- The line's log is written up to this delta.
    logged_delta          bigint NOT NULL DEFAULT 0,
    -- Closed, and its last session has ended: nodes no longer run it.
    over_at               timestamptz,
    CONSTRAINT queues_one_per_reference UNIQUE (tenant_id, reference),
    CONSTRAINT queues_one_per_number UNIQUE (queue_number),
    CONSTRAINT queues_closed_for_a_reason CHECK ((state = 'CLOSED') = (close_reason IS NOT NULL))
);

-- Written behind the line, at most a second late, exactly once (by `queues.logged_delta`, in the same transaction).
CREATE TABLE line_log (
    id                 bigserial PRIMARY KEY,
    queue_id           uuid NOT NULL REFERENCES queues,
    stream_id          text NOT NULL,
    kind               text NOT NULL,
    ticket_id          uuid NOT NULL,
    user_id            uuid NOT NULL,
    sequence           bigint NOT NULL,
    at                 timestamptz(3) NOT NULL,
    session_expires_at timestamptz(3),
    CONSTRAINT line_log_each_delta_once UNIQUE (queue_id, stream_id),
    CONSTRAINT line_log_known_kind CHECK (
        kind IN ('JOINED', 'ADMITTED', 'LEFT', 'EXPIRED', 'COMPLETED', 'SESSION_EXPIRED', 'CANCELLED')
    )
);
