-- Who is staff, when roles are kept here and not in the tokens (setting `staff.roles`).

CREATE TYPE staff_role AS ENUM (
    'SUPER_ADMIN', 'MATCH_MANAGER', 'STADIUM_OPERATOR', 'QUOTA_MANAGER', 'BLACKADMIN', 'SUPPORT_AGENT', 'SUPERVISOR',
    'BOX_OFFICE', 'FINANCE', 'REPORTING', 'READ_ONLY', 'PETROL_STAFF'
);

CREATE TABLE staff_grants (
    user_id    uuid NOT NULL REFERENCES users,
    role       staff_role NOT NULL,
    granted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, role)
);

-- What a request of staff was answered, for the case that it comes again. Kept for a week.
CREATE TABLE staff_answers (
    user_id         uuid NOT NULL REFERENCES users,
    idempotency_key text NOT NULL,
    request_hash    bytea NOT NULL,
    answer          jsonb,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT staff_answers_one_per_key PRIMARY KEY (user_id, idempotency_key)
);
CREATE INDEX staff_answers_by_age ON staff_answers (created_at);
