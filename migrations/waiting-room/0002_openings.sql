-- A queue opens more than once: for loyal fans first, then for everybody. Kept as its tenant says them, in whole milliseconds.

ALTER TABLE queues ADD COLUMN openings jsonb;
UPDATE queues
SET openings = jsonb_build_array(jsonb_build_object('opens_at', to_jsonb(opens_at))), settings_version = settings_version + 1;
ALTER TABLE queues
    ALTER COLUMN openings SET NOT NULL,
    DROP COLUMN opens_at;
