-- the last sequence applied per topic and key; never deleted: a restarted sequence reads as duplicates
CREATE TABLE marks (
    key text NOT NULL,
    topic text NOT NULL,
    sequence int NOT NULL,
    event_id uuid NOT NULL,
    stopped boolean NOT NULL DEFAULT false,
    PRIMARY KEY (key, topic)
) WITH (fillfactor = 70);
-- what was applied or counted of topics that have no sequence
CREATE TABLE heard (
    event_id text NOT NULL,
    source text NOT NULL,
    topic text NOT NULL,
    PRIMARY KEY (event_id, source, topic)
);
-- the last sequence announced per topic and key; never deleted
CREATE TABLE streams (
    key text NOT NULL,
    topic text NOT NULL,
    sequence int NOT NULL,
    PRIMARY KEY (key, topic)
) WITH (fillfactor = 70);
CREATE TABLE outbox (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid NOT NULL DEFAULT uuidv7(),
    topic text NOT NULL,
    key text NOT NULL,
    sequence int NOT NULL,
    type text NOT NULL,
    at text NOT NULL,
    after text NOT NULL,
    cause text NOT NULL,
    correlation text NOT NULL,
    trace text NOT NULL,
    payload text NOT NULL CHECK (octet_length(payload) <= 900000)
);
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE TABLE journal (
    seq bigint PRIMARY KEY,
    event_id uuid NOT NULL,
    topic text NOT NULL,
    key text NOT NULL,
    sequence int NOT NULL,
    type text NOT NULL,
    at text NOT NULL,
    after text NOT NULL,
    cause text NOT NULL,
    correlation text NOT NULL,
    trace text NOT NULL,
    payload text NOT NULL,
    hash bytea NOT NULL
);
CREATE TABLE parked (
    parked_id uuid PRIMARY KEY,
    topic text NOT NULL,
    key text,
    sequence int NOT NULL,
    source text NOT NULL,
    event_id text NOT NULL,
    type text NOT NULL,
    partition int NOT NULL,
    "offset" bigint NOT NULL,
    raw_key bytea,
    headers text NOT NULL,
    value bytea,
    reason text NOT NULL CHECK (reason IN ('early', 'raised', 'unreadable', 'forked')),
    detail text NOT NULL,
    after_topics text[] NOT NULL,
    after_sequences int[] NOT NULL,
    attempts int NOT NULL DEFAULT 1,
    retry_at timestamptz,
    parked_at timestamptz NOT NULL
);
-- one place in a key is parked once, whatever is delivered again (parked.put, parked.take)
CREATE UNIQUE INDEX parked_place ON parked (topic, key, sequence) WHERE sequence > 0;
-- what has no place in a key is parked by offset (parked.put)
CREATE UNIQUE INDEX parked_offset ON parked (topic, partition, "offset") WHERE sequence = 0;
-- whose turn may have come (parked.take of the keys just advanced; timers.due)
CREATE INDEX parked_key ON parked (key);
-- whose back-off is over (parked.take_due)
CREATE INDEX parked_retry ON parked (retry_at) WHERE retry_at IS NOT NULL;
CREATE TABLE timers (
    of text NOT NULL,
    name text NOT NULL,
    due_at timestamptz NOT NULL,
    type text NOT NULL,
    payload text NOT NULL,
    correlation text NOT NULL,
    PRIMARY KEY (of, name)
);
-- due timers (timers.due)
CREATE INDEX timers_due ON timers (due_at);
-- which version of a copy in memory is the newest (reference.Reference.current)
CREATE TABLE reference_versions (
    name text PRIMARY KEY,
    version uuid NOT NULL
);
