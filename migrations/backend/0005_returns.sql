-- Buyers give paid orders back until a deadline before kick-off.

ALTER TABLE match_sales
    ADD COLUMN refund_deadline_hours integer NOT NULL DEFAULT 48 CHECK (refund_deadline_hours >= 0);
ALTER TABLE match_sales ALTER COLUMN refund_deadline_hours DROP DEFAULT;

ALTER TABLE tickets ADD COLUMN cancelled_at timestamptz;
UPDATE tickets SET cancelled_at = clock_timestamp() WHERE state = 'CANCELLED';
ALTER TABLE tickets ADD CONSTRAINT tickets_end_is_dated CHECK ((state = 'CANCELLED') = (cancelled_at IS NOT NULL));
