-- The blacklist as its keepers work with it: who is on it by name, who put them there and took them off, kept as history.

ALTER TABLE blacklist
    ADD COLUMN entry_id       uuid NOT NULL DEFAULT gen_random_uuid(),
    -- Encrypted like in user_profiles; null for entries from before.
    ADD COLUMN oib_encrypted  bytea,
    ADD COLUMN first_name     text,
    ADD COLUMN last_name      text,
    ADD COLUMN removed_at     timestamptz,
    ADD COLUMN removal_reason text,
    DROP CONSTRAINT blacklist_pkey,
    ADD PRIMARY KEY (entry_id),
    ADD CONSTRAINT blacklist_removal_is_whole CHECK ((removed_at IS NULL) = (removal_reason IS NULL));
-- Once at a time: whoever is taken off may be put on again.
CREATE UNIQUE INDEX blacklist_one_active_per_person ON blacklist (identity) WHERE removed_at IS NULL;

ALTER TABLE blacklist_violations
    ADD COLUMN session_ticket_id uuid,
    -- The first half of an IPv4 address, the first 48 bits of an IPv6 one: enough to see one source, not enough to find a person.
    ADD COLUMN address_class     text,
    ADD COLUMN user_agent        text;
CREATE INDEX blacklist_violations_by_time ON blacklist_violations (blocked_at, violation_id);

CREATE INDEX blacklist_by_person ON blacklist (identity, created_at);
CREATE INDEX match_identities_by_person ON match_identities (identity);
