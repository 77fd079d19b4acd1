-- referrals and refusals: what queries need as columns, the rest in state
CREATE TABLE referrals (
    referral_id text PRIMARY KEY,
    version int NOT NULL,
    revision int NOT NULL,
    number text NOT NULL,
    claim_number text NOT NULL,
    person_id text NOT NULL,
    status text NOT NULL CHECK (status IN (
        'matched', 'offered', 'acknowledged', 'accepted', 'scheduled', 'unplaced', 'notadmitted', 'withdrawn'
    )),
    state jsonb NOT NULL
);
-- those that no site is left to take (store.referral.list_unplaced)
CREATE INDEX referrals_unplaced ON referrals (referral_id) WHERE status IN ('unplaced', 'matched');
-- openings that a referral has: a row each, so that two writers cannot both take the last (store.opening)
CREATE TABLE openings (
    site_id text NOT NULL,
    program text NOT NULL,
    week_on date NOT NULL,
    n int NOT NULL CHECK (n > 0),
    referral_id text NOT NULL,
    PRIMARY KEY (site_id, program, week_on, n)
);
-- openings from a week on (store.opening.list_taken)
CREATE INDEX openings_week ON openings (week_on);
-- the register as it was announced; later revisions stand beside earlier ones
CREATE TABLE register (
    kind text NOT NULL,
    id text NOT NULL,
    revision int NOT NULL,
    payload text NOT NULL,
    PRIMARY KEY (kind, id, revision)
);
-- openings declared, absolute, by week
CREATE TABLE capacity (
    site_id text NOT NULL,
    program text NOT NULL,
    week_on date NOT NULL,
    openings int NOT NULL CHECK (openings >= 0),
    PRIMARY KEY (site_id, program, week_on)
);
