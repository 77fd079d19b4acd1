-- the last thing said of each referral that may be treated (program.store.keep_cases)
CREATE TABLE cases (
    referral_id text PRIMARY KEY,
    status text NOT NULL,
    revision int NOT NULL
);
