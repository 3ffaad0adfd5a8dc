-- What leaves by the same door as the change: outbox, inbox, jobs, audit; and the mail worker's own log.

CREATE TABLE outbox (
    event_id          uuid PRIMARY KEY,
    nats_subject      text NOT NULL,
    kind              text NOT NULL,
    aggregate_id      uuid NOT NULL,
    aggregate_version bigint NOT NULL,
    body              jsonb NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    claimed_until     timestamptz,
    published_at      timestamptz
);
CREATE INDEX outbox_unpublished ON outbox (created_at) WHERE published_at IS NULL;

CREATE TABLE inbox (
    consumer   text NOT NULL,
    event_id   uuid NOT NULL,
    handled_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, event_id)
);

CREATE TABLE dead_letters (
    consumer     text NOT NULL,
    event_id     uuid NOT NULL,
    nats_subject text NOT NULL,
    envelope     jsonb NOT NULL,
    error        text NOT NULL,
    dead_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, event_id)
);

CREATE TABLE jobs (
    job_id        uuid PRIMARY KEY,
    kind          text NOT NULL,
    subject_id    uuid NOT NULL,
    run_at        timestamptz NOT NULL DEFAULT now(),
    attempts      integer NOT NULL DEFAULT 0,
    claimed_until timestamptz,
    done_at       timestamptz,
    dead_at       timestamptz,
    last_error    text,
    CONSTRAINT jobs_one_per_subject UNIQUE (kind, subject_id)
);
CREATE INDEX jobs_due ON jobs (run_at) WHERE done_at IS NULL AND dead_at IS NULL;

-- One entry per change, chained per subject: `hash` covers the entry and the one before it.
CREATE TABLE audit_entries (
    subject_id uuid NOT NULL,
    entry_no   integer NOT NULL,
    at         timestamptz NOT NULL,
    actor      text NOT NULL,
    deed       text NOT NULL,
    details    jsonb NOT NULL,
    hash       bytea NOT NULL,
    PRIMARY KEY (subject_id, entry_no)
);

CREATE TYPE mail_state AS ENUM ('SENT', 'FAILED');

CREATE TABLE mails (
    event_id   uuid PRIMARY KEY,
    template   text NOT NULL,
    state      mail_state NOT NULL,
    error      text,
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
