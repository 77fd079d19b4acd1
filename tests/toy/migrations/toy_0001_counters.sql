CREATE TABLE counters (
    counter_id text PRIMARY KEY,
    version int NOT NULL,
    ticks int NOT NULL CHECK (ticks >= 0)
);
CREATE TABLE labels (
    counter_id text PRIMARY KEY,
    label text NOT NULL
);
