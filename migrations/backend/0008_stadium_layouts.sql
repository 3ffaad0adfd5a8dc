-- A stadium is described by layouts, one after the other: what staff import or change is a new one, and a match keeps the one
-- it was made with. A stadium that was loaded before has a layout without its description, until its file is imported again.

CREATE TYPE stadium_kind AS ENUM ('HOME', 'AWAY');
CREATE TYPE sector_kind AS ENUM ('STANDARD', 'VIP', 'ACCESSIBILITY', 'STANDING');

CREATE TABLE stadium_layouts (
    layout_id  uuid PRIMARY KEY,
    stadium_id uuid NOT NULL REFERENCES stadiums,
    version    integer NOT NULL,
    -- Seats that can be sold, and all of them: counted, never typed in.
    capacity   integer NOT NULL,
    seats      integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT stadium_layouts_one_per_version UNIQUE (stadium_id, version)
);

-- What a match takes over when it is made; changed there, match by match.
CREATE TABLE layout_price_categories (
    layout_id       uuid NOT NULL REFERENCES stadium_layouts,
    code            integer NOT NULL,
    name            text NOT NULL,
    presale_price   numeric(10,2) NOT NULL CHECK (presale_price >= 0),
    match_day_price numeric(10,2) NOT NULL CHECK (match_day_price >= 0),
    PRIMARY KEY (layout_id, code)
);

INSERT INTO stadium_layouts (layout_id, stadium_id, version, capacity, seats)
SELECT gen_random_uuid(), stadium_id, 1, capacity,
       (SELECT count(*) FROM seats JOIN sectors USING (sector_id) WHERE sectors.stadium_id = stadiums.stadium_id)
FROM stadiums;

ALTER TABLE stadiums
    ADD COLUMN kind       stadium_kind NOT NULL DEFAULT 'HOME',
    ADD COLUMN created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ADD COLUMN deleted_at timestamptz,
    DROP COLUMN capacity;
-- A name is free again when its stadium is gone.
ALTER TABLE stadiums DROP CONSTRAINT stadiums_one_per_name;
CREATE UNIQUE INDEX stadiums_one_per_name ON stadiums (name) WHERE deleted_at IS NULL;

ALTER TABLE sectors
    ADD COLUMN layout_id uuid REFERENCES stadium_layouts,
    ADD COLUMN kind      sector_kind NOT NULL DEFAULT 'STANDARD',
    ADD COLUMN position  integer NOT NULL DEFAULT 0,
    -- Its snake and its rows, as the file has them; null in a layout without description.
    ADD COLUMN described jsonb;
UPDATE sectors SET layout_id = (SELECT layout_id FROM stadium_layouts l WHERE l.stadium_id = sectors.stadium_id);
ALTER TABLE sectors
    ALTER COLUMN layout_id SET NOT NULL,
    DROP CONSTRAINT sectors_one_per_code,
    DROP COLUMN stadium_id,
    ADD CONSTRAINT sectors_one_per_code UNIQUE (layout_id, code);

ALTER TABLE matches ADD COLUMN layout_id uuid REFERENCES stadium_layouts;
UPDATE matches SET layout_id = (SELECT layout_id FROM stadium_layouts l WHERE l.stadium_id = matches.stadium_id);
ALTER TABLE matches ALTER COLUMN layout_id SET NOT NULL;
