-- cases with all that is due on them, was attended and is planned; the earlier table knew their last word alone
DROP TABLE cases;
CREATE TABLE cases (
    referral_id text PRIMARY KEY,
    version int NOT NULL,
    revision int NOT NULL,
    state jsonb NOT NULL
);
-- what procurement published; later revisions stand beside earlier ones (program.store.register)
CREATE TABLE register (
    kind text NOT NULL,
    id text NOT NULL,
    revision int NOT NULL,
    payload text NOT NULL,
    PRIMARY KEY (kind, id, revision)
);
