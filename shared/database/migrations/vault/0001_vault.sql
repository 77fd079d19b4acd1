-- one data key per person, and one per day for bytes that belong to nobody yet; a destroyed key leaves its row,
-- so that no new one is made in its place
CREATE TABLE keys (
    person_id text PRIMARY KEY,
    data_key bytea CHECK (octet_length(data_key) = 32),
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    destroyed_at timestamptz,
    CHECK ((data_key IS NULL) = (destroyed_at IS NOT NULL))
);
