-- What sales need of fans beside their own profile: people they buy for, devices, points.

-- The number of a document is stored as in user_profiles: encrypted, and as a keyed blind index. `place` makes ten the most.
CREATE TABLE saved_profiles (
    saved_profile_id   uuid PRIMARY KEY,
    user_id            uuid NOT NULL REFERENCES users,
    place              smallint NOT NULL CONSTRAINT saved_profiles_at_most_ten CHECK (place BETWEEN 1 AND 10),
    full_name          text NOT NULL,
    date_of_birth      date NOT NULL,
    nationality        text NOT NULL,
    document_kind      document_kind NOT NULL,
    document_encrypted bytea NOT NULL,
    identity           bytea NOT NULL,
    email              text,
    phone              text,
    relationship       text,
    created_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT saved_profiles_one_per_place UNIQUE (user_id, place),
    CONSTRAINT saved_profiles_one_per_document UNIQUE (user_id, identity)
);

CREATE TYPE push_platform AS ENUM ('ANDROID', 'IOS');

-- A token is one device's: whoever signs in there takes it over.
CREATE TABLE push_tokens (
    user_id    uuid NOT NULL REFERENCES users,
    device_id  text NOT NULL,
    platform   push_platform NOT NULL,
    token      text NOT NULL CONSTRAINT push_tokens_one_per_token UNIQUE,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, device_id)
);

-- A point is of a person, by the blind index of their OIB: it may be there before their account. One per person and match.
CREATE TABLE loyalty_points (
    identity   bytea NOT NULL,
    played_on  date NOT NULL,
    match_key  text NOT NULL,
    title      text NOT NULL,
    source     text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT loyalty_points_one_per_match PRIMARY KEY (identity, match_key)
);
