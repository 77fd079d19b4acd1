-- Nothing is stored that the relay could not send: key and headers within the limits of the contract. A row that the
-- broker refuses all the same is held (relay.HOLD) and only then exempt, so that rows of before the limits can be held.
ALTER TABLE outbox ADD COLUMN held_at timestamptz, ADD COLUMN held_for text;
ALTER TABLE outbox ADD CONSTRAINT outbox_sendable CHECK (
    held_at IS NOT NULL
    OR octet_length(key) BETWEEN 1 AND 200
    AND octet_length(type) BETWEEN 1 AND 200
    AND octet_length(cause) <= 200
    AND octet_length(correlation) <= 200
    AND octet_length(trace) <= 4000
    AND octet_length(after) <= 4000
    AND octet_length(topic) + 2 * octet_length(key) + octet_length(type) + octet_length(at) + octet_length(after)
        + octet_length(cause) + octet_length(correlation) + octet_length(trace) <= 16000
    AND key || type || cause || correlation || trace !~ '[\u0001-\u001f\u007f-\u009f]'
) NOT VALID;
-- which keys wait behind a held row (relay.UNSENT, held.LIST)
CREATE INDEX outbox_held ON outbox (key, topic) WHERE held_at IS NOT NULL;
-- what an operator withheld, whole: on the topic stands a record that says so (held.withhold)
CREATE TABLE withheld (
    event_id uuid PRIMARY KEY,
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
    reason_code text NOT NULL,
    withheld_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- the headers of a record whose texts could not be parked as they came (parked.safe)
ALTER TABLE parked ADD COLUMN raw_headers bytea;
-- what could not be parked at all: no constraint on what it held, so that nothing it held can stand in the way
CREATE TABLE unparkable (
    topic text NOT NULL,
    partition int NOT NULL,
    "offset" bigint NOT NULL,
    sha256 bytea NOT NULL,
    length bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (topic, partition, "offset")
);
