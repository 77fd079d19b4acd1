CREATE TABLE accounts (
    counter_id text PRIMARY KEY,
    version int NOT NULL,
    entries int NOT NULL,
    ticks int NOT NULL
);
