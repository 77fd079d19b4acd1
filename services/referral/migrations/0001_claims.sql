-- what the insurer said of a claim, without identity, and the requests made on it
CREATE TABLE claims (
    claim_number text PRIMARY KEY,
    version int NOT NULL,
    revision int NOT NULL,
    person_id text NOT NULL,
    referral_ids text [] NOT NULL,
    waiting text [] NOT NULL,
    state jsonb NOT NULL
);
-- claims with a request that is not decided yet (store.claim.list_waiting)
CREATE INDEX claims_waiting ON claims (claim_number) WHERE waiting <> '{}';
-- workers and employers' contacts by kind/id, sealed with the person's own key; null is somebody forgotten
CREATE TABLE people (
    person_id text PRIMARY KEY,
    version int NOT NULL,
    sealed bytea
);
